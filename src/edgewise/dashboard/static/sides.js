// Versions side by side: a measure a row, a version a column, and how the newer one differs from the older.

import { filterable } from "./address.js";
import { foreign, h } from "./dom.js";
import { change, format, label, shortened, visible } from "./format.js";

const MOST = 4;
// What is good when it grows, or shrinks. The rest only differs.
const BETTER = { error_percent: "less", hit_percent: "more", p50_ms: "less", p95_ms: "less", p99_ms: "less" };

/** `shown` is as for a table; the first column names the sides, of which the latest are shown, the older one first. */
export function sides(shown, filters, choose) {
  const [named, ...measures] = shown.columns;
  const rows = shown.rows
    .slice()
    .sort((a, b) => b.last_seen - a.last_seen || b.first_seen - a.first_seen)
    .slice(0, MOST);
  rows.sort((a, b) => a.first_seen - b.first_seen);
  const pair = rows.length >= 2 ? rows.slice(-2) : null;
  const heads = rows.map((row) =>
    h("th", { scope: "col", class: "number" }, name(named.name, row[named.name], filters, choose)),
  );
  const difference = pair ? h("th", { scope: "col", class: "number" }, "Difference") : null;
  const head = h("tr", {}, h("th", { scope: "col" }, label(named.name)), heads, difference);
  const body = measures.map((measure) =>
    h(
      "tr",
      {},
      h("th", { scope: "row", title: measure.description }, label(measure.name)),
      rows.map((row) => h("td", { class: "number" }, format(row[measure.name], measure.unit))),
      pair ? differs(measure, pair) : null,
    ),
  );
  const element = h(
    "table",
    { class: "sides" },
    h("caption", { class: "unseen" }, shown.title),
    h("thead", {}, head),
    h("tbody", {}, body),
  );
  return h("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": `${shown.title}, table` }, element);
}

function name(column, value, filters, choose) {
  if (value === undefined || value === null) return "unknown";
  const text = foreign(shortened(visible(value), 60));
  if (!filters.includes(column) || !filterable(value)) return text;
  return h(
    "button",
    { type: "button", class: "pick", onclick: () => choose(column, value) },
    h("span", { class: "unseen" }, "Filter by "),
    text,
  );
}

function differs({ name, unit }, [older, newer]) {
  if (unit === "time") return h("td", {});
  const { text, tone } = change(newer[name], older[name], BETTER[name] ?? "", unit);
  return h("td", { class: `number ${tone || "dim"}` }, text);
}
