// A chart over time: uPlot with our axes and colours, a legend that tells values, the arrow keys, a drag to zoom.

import { colour, onTheme } from "./colours.js";
import { announce, h } from "./dom.js";
import { format, moment, tick } from "./format.js";
import { legendOf } from "./legend.js";
import { lonely, most, painted, stacked, steps } from "./series.js";
import { ticks } from "./time.js";

const { uPlot } = globalThis;
const FONT = "12px system-ui, sans-serif";
const DAY = 86_400;
const TIMES = [
  1,
  5,
  10,
  15,
  30,
  60,
  120,
  300,
  600,
  900,
  1800,
  3600,
  7200,
  10_800,
  21_600,
  43_200,
  DAY,
  2 * DAY,
  7 * DAY,
  14 * DAY,
  28 * DAY,
];

/**
 * Draw into a new element. `drawing` is `{ title, unit, stacked, series: [{ label, colour, kind, unit }], x, columns,
 * period }`; kinds are bars, area, line and dashed. `zoom` gets the microseconds of a span that was dragged over.
 */
export function chart(drawing, zoom) {
  const shown = drawing.series.map(() => true);
  const plot = h("div", {
    class: "plot",
    tabindex: "0",
    role: "group",
    "aria-label": `Chart: ${drawing.title}. Arrow keys go from value to value.`,
  });
  const { legend, tell } = legendOf(drawing, shown, () => redraw());
  let drawn = null;

  function redraw() {
    drawn?.destroy();
    if (plot.clientWidth === 0) return;
    drawn = new uPlot(options(drawing, shown, plot, tell, zoom), data(drawing, shown), plot);
  }

  const sizes = new ResizeObserver(() => {
    if (drawn && plot.clientWidth > 0) drawn.setSize({ width: plot.clientWidth, height: plot.clientHeight });
    else redraw();
  });
  sizes.observe(plot);
  const quiet = onTheme(redraw);
  plot.addEventListener("keydown", (event) => step(event, drawn, drawing, tell));
  return {
    element: h("div", {}, plot, legend),
    destroy() {
      sizes.disconnect();
      quiet();
      drawn?.destroy();
    },
  };
}

function data(drawing, shown) {
  const own = drawing.series.map((each) => each.kind === "dashed");
  const stack = stacked(
    drawing.columns.filter((_, place) => !own[place]),
    shown.filter((_, place) => !own[place]),
  );
  let next = 0;
  const columns = drawing.columns.map((column, place) => {
    if (own[place] || !drawing.stacked) {
      next += own[place] ? 0 : 1;
      return shown[place] ? column : column.map(() => null);
    }
    return stack[next++];
  });
  // The tallest first, and what is compared with last: what is painted later stands in front.
  return [drawing.x, ...painted(drawing).map((place) => columns[place])];
}

function options(drawing, shown, plot, tell, zoom) {
  const axis = {
    stroke: colour("--dim"),
    font: FONT,
    grid: { stroke: colour("--grid"), width: 1 },
    ticks: { show: false },
  };
  const bucket = drawing.period.bucket / 1e6;
  const high = () => steps(most(data(drawing, shown).slice(1)));
  return {
    width: plot.clientWidth,
    height: plot.clientHeight,
    padding: [8, 18, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { size: 7 }, drag: { x: true, y: false, setScale: false } },
    tzDate: (second) => uPlot.tzDate(new Date(second * 1000), "Etc/UTC"),
    scales: {
      x: { time: true, range: [drawing.x[0], drawing.x.at(-1) + bucket] },
      y: { range: () => [0, high().at(-1)] },
    },
    axes: [
      {
        ...axis,
        grid: { show: false },
        space: 64,
        incrs: TIMES,
        gap: 6,
        size: 28,
        values: (_, seconds, __, ___, step) => ticks(seconds, step),
      },
      {
        ...axis,
        gap: 6,
        size: (_, values) => 14 + 7 * Math.max(3, ...(values ?? []).map((each) => each.length)),
        splits: high,
        values: (_, values) => values.map((each) => tick(each, drawing.unit)),
      },
    ],
    series: [{}, ...painted(drawing).map((place) => line(drawing.series[place]))],
    hooks: {
      setCursor: [(self) => tell(self.cursor.idx ?? null)],
      setSelect: [(self) => selected(self, zoom)],
    },
  };
}

function line({ label, colour: name, kind }) {
  const paint = colour(name);
  const points = { show: false, size: 6, width: 0, fill: paint, filter: (self, place) => lonely(self.data[place]) };
  const look = { label, stroke: paint, width: 1.75, points, spanGaps: false };
  if (kind === "bars")
    return { ...look, width: 0, points: { show: false }, fill: paint, paths: uPlot.paths.bars({ size: [0.86, 60], align: 1 }) };
  if (kind === "area") return { ...look, fill: paint.replace("rgb(", "rgba(").replace(")", ", 0.14)") };
  if (kind === "dashed") return { ...look, width: 1.25, dash: [5, 4] };
  return look;
}

function selected(self, zoom) {
  const { left, width } = self.select;
  if (width > 6) zoom(self.posToVal(left, "x") * 1e6, self.posToVal(left + width, "x") * 1e6);
  if (width > 0) self.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
}

function step(event, drawn, drawing, tell) {
  const last = drawing.x.length - 1;
  const now = drawn?.cursor.idx;
  const next = { ArrowLeft: (now ?? last + 1) - 1, ArrowRight: (now ?? -1) + 1, Home: 0, End: last }[event.key];
  if (next === undefined || !drawn) return;
  event.preventDefault();
  const index = Math.min(last, Math.max(0, next));
  drawn.setCursor({ left: drawn.valToPos(drawing.x[index], "x") + 1, top: 1 });
  tell(index);
  const values = drawing.series.map(
    ({ label, unit }, place) => `${label} ${format(drawing.columns[place][index], unit)}`,
  );
  announce(`${moment(drawing.x[index] * 1e6)} UTC: ${values.join(", ")}`);
}
