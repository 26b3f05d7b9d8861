import assert from "node:assert/strict";
import test from "node:test";
import { aligned, lonely, most, painted, spark, stacked, steps } from "./static/series.js";
import { picture } from "./static/svg.js";
import { bucketFor, buckets, parsed, period, RANGES, spoken, ticks, written } from "./static/time.js";

const MINUTE = 60e6;
const NOW = 1795224000000000 + 7 * MINUTE + 1;

test("a range is as long as its name says, and the one before is as long and ends where it begins", () => {
  for (const range of RANGES.keys()) {
    const { start, end, bucket, before } = period({ range }, NOW);
    assert.equal(end, NOW);
    assert.equal(end - start, RANGES.get(range));
    assert.equal(before % bucket, 0);
    assert.equal(before, end - start);
    const count = buckets({ start, end, bucket }).length;
    assert.ok(count >= 30 && count <= 111, `${range}: ${count}`);
  }
  assert.equal(bucketFor(10 * MINUTE), 10e6);
});

test("a bucket without a row is 0 for a count and a gap for what was measured", () => {
  const span = { start: 0, end: 4 * MINUTE, bucket: MINUTE };
  const series = [{ name: "requests", unit: "count" }, { name: "p95_ms", unit: "ms" }];
  const { x, columns } = aligned([{ time: MINUTE, requests: 3, p95_ms: 8 }, { time: 99 * MINUTE, requests: 1 }], span, series);
  assert.deepEqual(x, [0, 60, 120, 180]);
  assert.deepEqual(columns, [[0, 3, 0, 0], [null, 8, null, null]]);
  const later = aligned([{ time: -MINUTE, requests: 5 }], span, series, 2 * MINUTE);
  assert.deepEqual(later.columns[0], [0, 5, 0, 0]);
});

test("stacks add up, without what is not shown", () => {
  assert.deepEqual(stacked([[1, 2], [3, null], [5, 6]], [true, false, true]), [[1, 2], [null, null], [6, 8]]);
});

test("an axis has round marks up to the largest value", () => {
  for (const top of [0.3, 1, 7, 99, 100, 101, 1e6, 12345]) {
    const marks = steps(top);
    assert.equal(marks[0], 0);
    assert.ok(marks.at(-1) >= top && marks.length >= 3 && marks.length <= 7, `${top}: ${marks}`);
  }
  assert.deepEqual(steps(0), [0, 1]);
  assert.equal(most([[null, 3], [1]]), 3);
  assert.equal(spark([null, 0, 1]), "50.0,19.0 100.0,2.0");
});

test("a value without a neighbour is drawn all the same", () => {
  assert.deepEqual(lonely([5, null, 1, 2, null, 0, undefined]), [0, 5]);
  assert.equal(spark([null, 3, null]), "48.0,2.0 52.0,2.0");
  assert.equal(spark([null, null, 3]), "96.0,2.0 100.0,2.0");
  const drawing = {
    title: "t", unit: "ms", x: [0, 60, 120], period: { bucket: MINUTE },
    series: [{ label: "p50", colour: "--a", kind: "area", unit: "ms" }], columns: [[null, 8, null]],
  };
  assert.equal(picture(drawing, () => "rgb(0, 0, 0)", "").match(/<circle/g).length, 1);
});

test("what is compared with stands in front of the bars", () => {
  const series = [{ kind: "bars" }, { kind: "bars" }, { kind: "dashed" }];
  assert.deepEqual(painted({ series, stacked: true }), [1, 0, 2]);
  assert.deepEqual(painted({ series: series.slice(1), stacked: false }), [0, 1]);
});

test("the time axis shows the date where a day begins", () => {
  const midnight = 1795219200;
  assert.deepEqual(ticks([midnight - 3600, midnight, midnight + 3600], 3600), ["23:00", "21 Nov", "01:00"]);
  assert.deepEqual(ticks([midnight], 86400), ["21 Nov"]);
  assert.deepEqual(ticks([midnight + 5], 1), ["00:00:05"]);
});

test("a time in a form is read in UTC", () => {
  assert.equal(parsed("2026-11-21T01:20"), 1795224000000000);
  assert.equal(written(1795224000000000), "2026-11-21T01:20");
  assert.equal(parsed("21.11.2026"), null);
  assert.equal(spoken({ start: 1795224000000000, end: NOW }), "21 Nov 2026, 01:20 – 01:27 UTC");
});

test("a picture is well-formed whatever the names say", () => {
  const drawing = {
    title: '<script>"&', unit: "count", stacked: true, x: [0, 60], period: { bucket: MINUTE },
    series: [{ label: "</text>", colour: "--a", kind: "bars", unit: "count" }, { label: "b", colour: "--b", kind: "dashed", unit: "count" }],
    columns: [[1, 2], [3, null]],
  };
  const svg = picture(drawing, () => "rgb(0, 0, 0)", "a & b");
  assert.ok(svg.includes("&lt;script&gt;&quot;&amp;") && !svg.includes("<script") && !svg.includes("NaN"));
  assert.equal(svg.match(/<text/g).length, svg.match(/<\/text>/g).length);
});
