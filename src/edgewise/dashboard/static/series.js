// Rows of a question over time as the columns of a chart. Pure functions.

import { buckets } from "./time.js";

/** `{ x, columns }`: x in seconds, one value for each bucket; `empty` is what a bucket without a row has. */
export function aligned(rows, period, series, shift = 0) {
  const starts = buckets(period);
  const at = new Map(starts.map((start, index) => [start, index]));
  const columns = series.map(({ unit }) =>
    new Array(starts.length).fill(unit === "count" || unit === "bytes" ? 0 : null),
  );
  for (const row of rows) {
    const index = at.get(row.time + shift);
    if (index === undefined) continue;
    series.forEach(({ name }, place) => {
      if (row[name] !== undefined && row[name] !== null) columns[place][index] = row[name];
    });
  }
  return { x: starts.map((start) => start / 1e6), columns };
}

/** Columns on top of each other: each is the sum of itself and those before it; what is not shown is null. */
export function stacked(columns, shown) {
  const sums = new Array(columns[0]?.length ?? 0).fill(0);
  return columns.map((column, place) => {
    if (!shown[place]) return column.map(() => null);
    return column.map((value, index) => (sums[index] += value ?? 0));
  });
}

/** The places of a drawing's series in the order of painting: the tallest of a stack first, what is compared with last. */
export function painted({ series, stacked }) {
  const places = series.map((_, place) => place);
  if (stacked) places.reverse();
  return places.sort((a, b) => (series[a].kind === "dashed") - (series[b].kind === "dashed"));
}

/** Round steps up to a value: `[0, 50, 100, 150]`; about `wanted` of them. */
export function steps(most, wanted = 4) {
  if (!(most > 0)) return [0, 1];
  const raw = most / wanted;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((each) => each * power).find((each) => each >= raw * 0.999);
  return Array.from({ length: Math.ceil(most / step - 1e-9) + 1 }, (_, index) =>
    Number((index * step).toPrecision(12)),
  );
}

/** The largest of all values; 0 when there is none. */
export function most(columns) {
  return columns.reduce((best, column) => column.reduce((high, value) => (value > high ? value : high), best), 0);
}

/** The places of values without a neighbour: no line goes through them, so they need a point to be seen. */
export function lonely(values) {
  const known = (index) => values[index] !== null && values[index] !== undefined;
  return [...values.keys()].filter((index) => known(index) && !known(index - 1) && !known(index + 1));
}

/** The points of a small line in a box of 100 by 20, gaps left out: `0,20 50,10 100,0`. One value alone is a dash. */
export function spark(values) {
  const top = most([values]) || 1;
  const step = values.length > 1 ? 100 / (values.length - 1) : 0;
  const known = values.flatMap((value, index) => (value === null ? [] : [index]));
  if (known.length === 1) {
    const middle = Math.min(98, Math.max(2, known[0] * step));
    const y = (19 - (values[known[0]] / top) * 17).toFixed(1);
    return `${(middle - 2).toFixed(1)},${y} ${(middle + 2).toFixed(1)},${y}`;
  }
  return values
    .map((value, index) =>
      value === null ? null : `${(index * step).toFixed(1)},${(19 - (value / top) * 17).toFixed(1)}`,
    )
    .filter((point) => point !== null)
    .join(" ");
}
