// The numbers of a period side by side, each with its change against the period before and its course.

import { h, s } from "./dom.js";
import { change, format } from "./format.js";
import { spark } from "./series.js";

/** `tiles` are `{ name, label, better, otherwise }` (the latter is for a period that has no such number), `units` the units by name, `courses` values over time by name. */
export function tiles(list, { row, before, units, courses }) {
  return h(
    "dl",
    { class: "tiles" },
    list.map((tile) => one(chosen(tile, row), { row, before, units, courses })),
  );
}

function chosen(tile, row) {
  const none = row[tile.name] === undefined || row[tile.name] === null;
  return none && tile.otherwise ? { ...tile, ...tile.otherwise } : tile;
}

function one({ name, label, better }, { row, before, units, courses }) {
  const shown = format(row[name], units[name]);
  // The unit is smaller than the number: `98.7` and `%`.
  const [, number, unit] = /^(.*?)(?: ([^\d\s]+))?$/.exec(shown);
  const parts = [h("dt", {}, label), h("dd", { class: "value" }, number, unit ? h("small", {}, ` ${unit}`) : null)];
  if (before) {
    const { text, tone } = change(row[name], before[name], better, units[name]);
    parts.push(
      h(
        "dd",
        { class: `change ${tone || "dim"}` },
        text || "no comparison",
        h("span", { class: "unseen" }, " against the period before"),
      ),
    );
  }
  if (courses[name]) parts.push(course(courses[name]));
  return h("div", { class: "tile" }, parts);
}

function course(values) {
  return s(
    "svg",
    { viewBox: "0 0 100 20", preserveAspectRatio: "none", "aria-hidden": "true" },
    s("polyline", { class: "spark", points: spark(values) }),
  );
}
