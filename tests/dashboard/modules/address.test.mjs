import assert from "node:assert/strict";
import test from "node:test";
import { exact, filterable, filtered, FIRST, misread, read, write } from "./static/address.js";

const VIEWS = ["overview", "pages"];
const FILTERS = ["path", "status", "country"];
const again = (state) => read(write(state).replace(/^\//, ""), VIEWS, FILTERS);

test("an address without anything is the first view of the last day", () => {
  assert.deepEqual(read("", VIEWS, FILTERS), FIRST);
  assert.equal(write(FIRST), "/");
});

test("what is written is read again", () => {
  const states = [
    { ...FIRST, view: "pages", range: "7d", compare: false },
    { ...FIRST, filters: { path: "/a b&c=d?#é\u202e*", status: "!404" }, find: "100 %" },
    { view: "overview", compare: true, find: "", filters: {}, from: 1795224000000000, to: 1795224065000000 },
  ];
  for (const state of states) assert.deepEqual(again(state), state);
});

test("what is not known, or makes no sense, is left out", () => {
  const odd = "?view=nothing&range=3y&evil=1&path=&from=2026-01-02&to=2026-01-01";
  assert.deepEqual(read(odd, VIEWS, FILTERS), FIRST);
  for (const from of ["2026-13-01", "x", "2026-01-01T99:00", "<script>"]) {
    assert.deepEqual(read(`?from=${encodeURIComponent(from)}&to=2026-01-02`, VIEWS, FILTERS), FIRST);
  }
});

test("a filter comes and goes, and the others stay", () => {
  const one = filtered({ ...FIRST, filters: { country: "DE" } }, "path", "/x");
  assert.deepEqual(one.filters, { country: "DE", path: "/x" });
  assert.deepEqual(filtered(one, "country", "").filters, { path: "/x" });
});

test("a value that is chosen means itself, whatever it looks like", () => {
  assert.equal(exact("/a"), "/a");
  assert.equal(exact("/a*"), "/a\\*");
  assert.equal(exact("!x"), "\\!x");
  assert.equal(exact("unknown"), "\\unknown");
  assert.equal(exact("\\x"), "\\\\x");
  assert.equal(exact(null), "unknown");
  assert.ok(!filterable("x".repeat(3000)) && !filterable("a\0b") && filterable("x"));
});

test("what an address says in vain is named", () => {
  assert.deepEqual(misread("?view=pages&range=7d&from=2026-11-01&compare=no&find=x&country=DE", VIEWS, FILTERS), []);
  const vain = ["view=nope", "period=bogus", "range=8d", "to=soon", "compare=perhaps"];
  assert.deepEqual(misread(`?${vain.join("&")}`, VIEWS, FILTERS), vain);
});
