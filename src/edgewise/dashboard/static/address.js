// What a page shows, as its address says it: the view, the period, the comparison, the filters, what is looked for. Text in, text out.

import { RANGES, parsed, written } from "./time.js";

export const FIRST = { view: "overview", range: "24h", compare: true, find: "", filters: {} };

/** The state that an address's query means. What it does not know or cannot read is left out. */
export function read(search, views, filterNames) {
  const given = new URLSearchParams(search);
  const view = views.includes(given.get("view")) ? given.get("view") : FIRST.view;
  const filters = {};
  for (const name of filterNames) {
    if (given.get(name)) filters[name] = given.get(name);
  }
  const state = { view, compare: given.get("compare") !== "no", find: given.get("find") ?? "", filters };
  const from = parsed(given.get("from") ?? "");
  const to = parsed(given.get("to") ?? "");
  if (from !== null && to !== null && from < to) return { ...state, from, to };
  return { ...state, range: RANGES.has(given.get("range")) ? given.get("range") : FIRST.range };
}

/** What of an address's query means nothing here, in words; `read` leaves it out. */
export function misread(search, views, filterNames) {
  const takes = {
    view: (value) => views.includes(value),
    range: (value) => RANGES.has(value),
    from: (value) => parsed(value) !== null,
    to: (value) => parsed(value) !== null,
    compare: (value) => ["yes", "no"].includes(value),
    find: () => true,
  };
  return [...new URLSearchParams(search)]
    .filter(([name, value]) => !filterNames.includes(name) && !takes[name]?.(value))
    .map(([name, value]) => `${name}=${value}`);
}

/** The query of a state; what is as it is at first is left out, so that addresses stay short. */
export function write(state) {
  const query = new URLSearchParams();
  if (state.view !== FIRST.view) query.set("view", state.view);
  if (state.range && state.range !== FIRST.range) query.set("range", state.range);
  if (!state.range) {
    query.set("from", written(state.from));
    query.set("to", written(state.to));
  }
  if (state.find) query.set("find", state.find);
  if (!state.compare) query.set("compare", "no");
  for (const [name, value] of Object.entries(state.filters)) query.set(name, value);
  const text = query.toString();
  return text ? `?${text}` : "/";
}

/** A state with one filter more, or less when the value is empty. */
export function filtered(state, name, value) {
  const filters = { ...state.filters, [name]: value };
  if (!value) delete filters[name];
  return { ...state, filters };
}

/** The filter that means exactly this value; null is what is not known. What would be a sign of its own is made plain. */
export function exact(value) {
  if (value === null) return "unknown";
  const plain = value.replace(/\*$/, "\\*");
  return /^[!\\]/.test(plain) || plain === "unknown" ? `\\${plain}` : plain;
}

/** Whether a value can be a filter at all: the store takes no longer ones, and none that no record can have. */
export function filterable(value) {
  return value.length <= 2000 && !value.includes("\0");
}
