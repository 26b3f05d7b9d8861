// The tiles of a view: the numbers of the period, of the one before, and their course.

import { ask, query } from "./api.js";
import { h } from "./dom.js";
import { comparable } from "./format.js";
import { failed, shifted } from "./panel.js";
import { aligned } from "./series.js";
import { tiles } from "./tiles.js";

/** The part of a view that `spec.tiles` describes; see panel.js for what it offers. */
export function overview(spec, app) {
  const element = h("section", { class: "panel tiles-place", "aria-label": "In numbers" });
  const units = Object.fromEntries(app.questions[spec.question].columns.map(({ name, unit }) => [name, unit]));

  async function load(signal) {
    const { period, state } = app;
    const over = (name) => ask(name, query(period, state.filters, { bucket: period.bucket }), signal);
    try {
      const [now, ...courses] = await Promise.all([
        ask(spec.question, query(period, state.filters), signal),
        ...spec.courses.map(({ question }) => over(question)),
      ]);
      const lines = spec.courses.flatMap(({ question, series }, place) => {
        const wanted = series.map(({ name, unit }) => ({ name, unit: unit ?? unitOf(app, question, name) }));
        const { columns } = aligned(courses[place].rows, period, wanted);
        return series.map(({ as, name }, index) => [as ?? name, columns[index]]);
      });
      const shown = { row: now.rows[0] ?? {}, before: null, units, courses: Object.fromEntries(lines) };
      element.replaceChildren(tiles(spec.tiles, shown));
      if (!state.compare) return;
      const before = await ask(spec.question, query(shifted(period), state.filters), signal);
      const compared = comparable(shown.row, before.rows[0]) ? before.rows[0] : {};
      element.replaceChildren(tiles(spec.tiles, { ...shown, before: compared }));
    } catch (error) {
      if (error.name !== "AbortError") element.replaceChildren(failed(error));
    }
  }

  return { element, load, destroy() {} };
}

function unitOf(app, question, name) {
  return app.questions[question].columns.find((column) => column.name === name).unit;
}
