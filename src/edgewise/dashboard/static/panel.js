// One panel: its head, what it asks, and its body, which is kept until the new one is there.

import { ask, Failure, query } from "./api.js";
import { chart } from "./chart.js";
import { h, popover } from "./dom.js";
import { visible } from "./format.js";
import { asPng, asSvg } from "./picture.js";
import { aligned } from "./series.js";
import { sides } from "./sides.js";
import { table } from "./table.js";

const EXPORTED = 1000;

/** A panel of a view (see views.js). `load()` asks anew, `destroy()` ends it. */
export function panel(spec, app) {
  const question = app.questions[spec.question];
  const body = h("div", { class: "body" });
  const actions = h("div", { class: "actions" });
  const title = spec.title ?? question.title;
  const note = spec.note ?? question.description;
  const element = h(
    "section",
    { class: `panel ${spec.size ?? ""} waiting`, "aria-label": title },
    h(
      "header",
      {},
      h("div", { class: "words" }, h("h2", {}, title), note ? h("p", { class: "dim" }, note) : null),
      actions,
    ),
    body,
  );
  const kept = { drawn: null, asTable: false };

  async function load(signal) {
    element.classList.add("waiting");
    try {
      const { period, state } = app;
      const own = values(spec, question, period);
      const answer = { ...(await ask(spec.question, query(period, state.filters, own), signal)), before: null, period };
      show(answer);
      element.classList.remove("waiting");
      if (!spec.compare || !state.compare) return;
      // The period before comes second, so that all panels have something to show first.
      const before = await ask(spec.question, query(shifted(period), state.filters, own), signal);
      show({ ...answer, before: before.rows });
    } catch (error) {
      if (error.name === "AbortError") return;
      body.replaceChildren(failed(error));
      element.classList.remove("waiting");
    }
  }

  function show(answer) {
    kept.drawn?.destroy();
    kept.drawn = null;
    const columns = chosen(question.columns, spec.columns);
    const drawing = spec.series && answer.rows.length > 0 ? drawingOf(spec, title, answer) : null;
    const list = () =>
      (spec.sides ? sides : table)(
        { title, columns, rows: answer.rows, before: answer.before },
        app.filters,
        app.choose,
      );
    actions.replaceChildren(menu(spec, question, app, drawing, answer));
    if (answer.rows.length === 0)
      body.replaceChildren(h("p", { class: "nothing" }, spec.empty ?? "Nothing in this period."));
    else if (drawing) withChart(drawing, list);
    else body.replaceChildren(list());
    if (answer.partial) body.append(h("p", { class: "dim" }, "There is more than is shown."));
  }

  function withChart(drawing, list) {
    const rows = h("div", {});
    const button = h(
      "button",
      {
        type: "button",
        "aria-expanded": "false",
        onclick: () => {
          kept.asTable = !kept.asTable;
          tabled();
        },
      },
      "Table",
    );
    const tabled = () => {
      button.setAttribute("aria-expanded", kept.asTable);
      rows.replaceChildren(...(kept.asTable ? [list()] : []));
    };
    kept.drawn = chart(drawing, app.zoom);
    actions.prepend(button);
    body.replaceChildren(kept.drawn.element, rows);
    tabled();
  }

  return { element, load, destroy: () => kept.drawn?.destroy() };
}

function chosen(columns, names) {
  return names ? names.map((each) => columns.find(({ name }) => name === each)) : columns;
}

function values(spec, question, period) {
  return question.parameters.includes("bucket") ? { ...spec.values, bucket: period.bucket } : { ...spec.values };
}

/** The period before this one, of the same length. */
export function shifted(period) {
  return { ...period, start: period.start - period.before, end: period.end - period.before };
}

function drawingOf(spec, title, { rows, before, period }) {
  const { x, columns } = aligned(rows, period, spec.series);
  const drawing = {
    title,
    unit: spec.unit,
    stacked: Boolean(spec.stacked),
    series: spec.series.slice(),
    columns,
    x,
    period,
  };
  if (before?.length > 0 && spec.against) {
    drawing.series.push({ ...spec.against, kind: "dashed" });
    drawing.columns.push(aligned(before, period, [spec.against], period.before).columns[0]);
  }
  return drawing;
}

function menu(spec, question, app, drawing, answer) {
  const own = values(spec, question, answer.period);
  if (question.parameters.includes("top")) own.top = EXPORTED;
  const asked = query(answer.period, app.state.filters, own);
  const entries = ["csv", "json"].map((format) =>
    h("a", { href: `/export/${spec.question}.${format}?${asked}`, download: true }, `Download ${format.toUpperCase()}`),
  );
  if (drawing) {
    const name = `edgewise-${spec.question}`;
    entries.push(h("button", { type: "button", onclick: () => asSvg(name, drawing) }, "Picture as SVG"));
    entries.push(h("button", { type: "button", onclick: () => asPng(name, drawing) }, "Picture as PNG"));
  }
  return popover("Export", ...entries);
}

/** What went wrong, for the reader. */
export function failed(error) {
  if (!(error instanceof Failure)) console.error(error);
  return h(
    "div",
    { role: "alert" },
    h("p", { class: "failed" }, visible(error.message)),
    error.hint ? h("p", { class: "dim" }, visible(error.hint)) : null,
  );
}
