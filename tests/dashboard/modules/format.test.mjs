import assert from "node:assert/strict";
import test from "node:test";
import { change, clock, comparable, country, format, label, moment, shortened, tick, visible } from "./static/format.js";

test("numbers have separators and units", () => {
  const shown = [
    [1234567, "count", "1,234,567"], [1.94, "count", "1.9"], [0, "count", "0"],
    [0, "percent", "0 %"], [1.094, "percent", "1.09 %"], [62.83, "percent", "62.8 %"], [100, "percent", "100.0 %"],
    [0, "ms", "0 ms"], [0.684, "ms", "0.68 ms"], [8.44, "ms", "8.4 ms"], [229.6, "ms", "230 ms"], [1250, "ms", "1.25 s"],
    [63.8, "s", "63.8 s"], [3599.7, "s", "1 h 0 min"], [7199, "s", "2 h 0 min"], [200, "min", "3 h 20 min"], [864000, "s", "10 days"],
    [999, "bytes", "999 B"], [351151680, "bytes", "351 MB"], [1.5e12, "bytes", "1.50 TB"],
    [1795224000000000, "time", "2026-11-21 01:20:00"], [1795219200000000, "time", "2026-11-21"],
    [null, "count", "–"], [undefined, "ms", "–"], ["", "text", "–"],
  ];
  for (const [value, unit, text] of shown) assert.equal(format(value, unit), text);
  assert.equal(clock(1795224000123456), "01:20:00.123");
  assert.equal(tick(12500, "count"), "12.5k");
  assert.equal(tick(1500, "ms"), "1.5 s");
  assert.equal(moment(1e300), "");
});

test("nothing in a text can hide, turn around, or be obeyed", () => {
  assert.equal(visible("a\u001b[31mb\u0000\u202ec"), "a\\x1b[31mb\\x00\\u202ec");
  assert.equal(visible("שלום <b>&amp;"), "שלום <b>&amp;");
  for (let code = 0; code < 0x2100; code += 1) {
    const shown = visible(String.fromCharCode(code));
    assert.ok(!/[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u.test(shown), code.toString(16));
  }
});

test("a cut leaves whole characters", () => {
  assert.equal(shortened("abc", 3), "abc");
  assert.equal(shortened("abcd", 3), "abc…");
  assert.equal(shortened("ab😀d", 3), "ab…");
});

test("a change says how much, and whether it is good", () => {
  assert.deepEqual(change(112, 100, "more"), { text: "+12 %", tone: "good" });
  assert.deepEqual(change(88, 100, "more"), { text: "−12 %", tone: "bad" });
  assert.deepEqual(change(112, 100, "less"), { text: "+12 %", tone: "bad" });
  assert.deepEqual(change(112, 100, ""), { text: "+12 %", tone: "" });
  assert.deepEqual(change(102, 100, "more"), { text: "+2 %", tone: "" });
  assert.deepEqual(change(5, 0, "more"), { text: "new", tone: "good" });
  assert.deepEqual(change(0, 0, "more"), { text: "no change", tone: "" });
  assert.deepEqual(change(5000, 100, ""), { text: "×50", tone: "" });
  assert.deepEqual(change(5000, 50, ""), { text: "new", tone: "" });
  assert.deepEqual(change(2.5, 1, "less", "percent"), { text: "+1.5 points", tone: "bad" });
  assert.deepEqual(change(1, undefined, "more"), { text: "", tone: "" });
});

test("names of columns and countries are words", () => {
  assert.deepEqual(["page_views", "p95_ms", "hit_percent", "percent", "oldest_min"].map(label), ["Page views", "p95", "Hit rate", "Share", "Oldest"]);
  assert.equal(country("DE"), "Germany");
  for (const odd of ["=cmd", "<b>", "ZZ9", "zz"]) assert.equal(country(odd), odd);
});

test("a period before with hardly a request is nothing to compare with", () => {
  assert.ok(comparable({ requests: 16 }, { requests: 6 }) && comparable({ requests: 1 }, { requests: 100 }));
  assert.ok(!comparable({ requests: 6199 }, { requests: 1 }) && !comparable({ requests: 1 }, {}) && !comparable({}, undefined));
});

test("heads of columns say what people say", () => {
  const shown = ["os", "percent", "hit_percent", "p95_ms", "p95_lag_ms", "page_views"].map(label);
  assert.deepEqual(shown, ["OS", "Share", "Hit rate", "p95", "p95 lag", "Page views"]);
});
