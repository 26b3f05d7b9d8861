// A chart as an SVG file of its own: text in, text out. What is shown on the page is drawn by chart.js.

import { tick } from "./format.js";
import { lonely, most, painted, stacked, steps } from "./series.js";
import { ticks } from "./time.js";

const WIDTH = 960;
const HEIGHT = 380;
const LEFT = 70;
const RIGHT = 18;
const TOP = 64;
const BOTTOM = 34;
const STEPS = [
  1,
  5,
  15,
  30,
  60,
  300,
  900,
  1800,
  3600,
  10_800,
  21_600,
  43_200,
  86_400,
  2 * 86_400,
  7 * 86_400,
  28 * 86_400,
];

/** The picture of a drawing (see chart.js) with the colours of `paint(name)`; `note` is the period in words. */
export function picture(drawing, paint, note) {
  const columns = drawing.stacked ? over(drawing) : drawing.columns;
  const lines = steps(most(columns));
  const bucket = drawing.period.bucket / 1e6;
  const first = drawing.x[0];
  const last = drawing.x.at(-1) + bucket;
  const x = (second) => LEFT + ((second - first) / (last - first)) * (WIDTH - LEFT - RIGHT);
  const y = (value) => HEIGHT - BOTTOM - (value / lines.at(-1)) * (HEIGHT - TOP - BOTTOM);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="system-ui, sans-serif" font-size="12">`,
    `<title>${escaped(drawing.title)}</title>`,
    `<rect width="100%" height="100%" fill="${paint("--surface")}"/>`,
    text(18, 26, drawing.title, paint("--text"), 'font-size="16" font-weight="600"'),
    text(WIDTH - RIGHT, 26, note, paint("--dim"), 'text-anchor="end"'),
    legend(drawing, paint),
    ...lines.map((value) => grid(y(value), tick(value, drawing.unit), paint)),
    ...hours(first, last).map(({ at, name }) => text(x(at), HEIGHT - 12, name, paint("--dim"), 'text-anchor="middle"')),
    ...painted(drawing).map((place) =>
      shape(drawing.series[place], columns[place], drawing.x, { x, y, bucket, paint }),
    ),
    "</svg>",
  ].join("\n");
}

function over(drawing) {
  const own = drawing.series.map((each) => each.kind === "dashed");
  const stack = stacked(
    drawing.columns.filter((_, place) => !own[place]),
    own.filter((each) => !each).map(() => true),
  );
  return drawing.columns.map((column, place) => (own[place] ? column : stack.shift()));
}

function hours(first, last) {
  const step = STEPS.find((each) => (last - first) / each <= 10) ?? 28 * 86_400;
  const at = [];
  for (let second = Math.ceil(first / step) * step; second < last; second += step) at.push(second);
  return ticks(at, step).map((name, index) => ({ at: at[index], name }));
}

function grid(y, name, paint) {
  const line = `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y.toFixed(1)}" y2="${y.toFixed(1)}" stroke="${paint("--grid")}"/>`;
  return line + text(LEFT - 8, y + 4, name, paint("--dim"), 'text-anchor="end"');
}

function legend(drawing, paint) {
  let at = 18;
  return drawing.series
    .map(({ label, colour, kind }) => {
      const mark =
        kind === "dashed"
          ? `<line x1="${at}" x2="${at + 10}" y1="46" y2="46" stroke="${paint(colour)}" stroke-width="2" stroke-dasharray="3 2"/>`
          : `<rect x="${at}" y="41" width="10" height="10" rx="3" fill="${paint(colour)}"/>`;
      const entry = mark + text(at + 15, 50, label, paint("--text"));
      at += 33 + label.length * 6.6;
      return entry;
    })
    .join("");
}

function shape({ kind, colour }, column, seconds, { x, y, bucket, paint }) {
  const points = seconds.map((second, index) => [x(second), column[index]]);
  if (kind === "bars") {
    const width = (x(seconds[0] + bucket) - x(seconds[0])) * 0.86;
    const bars = points
      .filter(([, value]) => value > 0)
      .map(
        ([at, value]) =>
          `M${at.toFixed(1)} ${y(0).toFixed(1)}V${y(value).toFixed(1)}h${width.toFixed(1)}V${y(0).toFixed(1)}z`,
      );
    return `<path fill="${paint(colour)}" d="${bars.join("")}"/>`;
  }
  let open = false;
  const way = points
    .map(([at, value]) => {
      if (value === null || value === undefined) {
        open = false;
        return "";
      }
      const step = `${open ? "L" : "M"}${at.toFixed(1)} ${y(value).toFixed(1)}`;
      open = true;
      return step;
    })
    .join("");
  const alone = lonely(column)
    .map((index) => `<circle cx="${points[index][0].toFixed(1)}" cy="${y(column[index]).toFixed(1)}" r="3"/>`)
    .join("");
  const dash = kind === "dashed" ? ' stroke-dasharray="5 4"' : "";
  return `<path fill="none" stroke="${paint(colour)}" stroke-width="1.75"${dash} d="${way}"/><g fill="${paint(colour)}">${alone}</g>`;
}

function text(x, y, content, fill, more = "") {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" fill="${fill}" ${more}>${escaped(content)}</text>`;
}

function escaped(content) {
  return String(content).replace(
    /[&<>"]/g,
    (each) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[each],
  );
}
