// What stands below a chart: its series, which can be left out, and their values where the cursor is.

import { h } from "./dom.js";
import { format, moment } from "./format.js";

/**
 * `{ legend, tell }` for a drawing (see chart.js). `shown` says of each series whether it is drawn; it is changed here,
 * and `changed` called. `tell(index)` shows the values of a bucket, `tell(null)` none.
 */
export function legendOf(drawing, shown, changed) {
  const values = drawing.series.map(() => h("b", {}));
  const when = h("span", { class: "moment" });
  const buttons = drawing.series.map(({ label, colour: name, kind }, place) => {
    const swatch = h("i", { class: kind === "dashed" ? "dashed" : "" });
    swatch.style.setProperty("--swatch", `var(${name})`);
    return h(
      "button",
      {
        type: "button",
        "aria-pressed": "true",
        onclick: (event) => {
          shown[place] = !shown[place];
          event.currentTarget.setAttribute("aria-pressed", shown[place]);
          changed();
        },
      },
      swatch,
      label,
      values[place],
    );
  });
  const tell = (index) => {
    when.textContent = index === null ? "" : `${moment(drawing.x[index] * 1e6)} UTC`;
    values.forEach((value, place) => {
      value.textContent = index === null ? "" : format(drawing.columns[place][index], drawing.series[place].unit);
    });
  };
  return {
    legend: h("div", { class: "legend", role: "group", "aria-label": "Shown in the chart" }, buttons, when),
    tell,
  };
}
