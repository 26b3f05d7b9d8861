// An answer as a table: sorted by its heads, a bar behind each name, names that filter when chosen.

import { filterable } from "./address.js";
import { foreign, h } from "./dom.js";
import { change, country, format, label, shortened, visible } from "./format.js";

const NUMBERS = new Set(["count", "percent", "ms", "s", "min", "bytes"]);
const CHANGE = { name: "", unit: "change", description: "Against the period before" };

/**
 * `shown` is `{ title, columns: [{ name, unit, description }], rows, before }`; `before` may be null or empty, and then nothing is compared. `filters` are the
 * names that `choose(name, value)` takes.
 */
export function table(shown, filters, choose) {
  const { rows } = shown;
  // A number that one can filter by is a name: a status, say.
  const columns = shown.columns.map((column) => (filters.includes(column.name) ? { ...column, unit: "text" } : column));
  const measure = columns.find(({ unit }) => unit === "count");
  const texts = columns.filter(({ unit }) => unit === "text");
  const best = measure && texts.length > 0 ? Math.max(0, ...rows.map((row) => row[measure.name] ?? 0)) : 0;
  const earlier =
    shown.before?.length > 0 && measure
      ? new Map(shown.before.map((row) => [key(row, texts), row[measure.name]]))
      : null;
  if (earlier) columns.splice(columns.indexOf(measure) + 1, 0, CHANGE);
  const drawn = { columns, measure, texts, best, earlier, filters, choose };
  const body = h(
    "tbody",
    {},
    rows.map((row) => line(row, drawn)),
  );
  const head = h(
    "tr",
    {},
    columns.map((column) => title(column, () => sorted(column))),
  );
  let order = { name: "", down: false };

  function sorted({ name, unit }) {
    order = { name, down: order.name === name ? !order.down : NUMBERS.has(unit) || unit === "time" };
    const direction = order.down ? -1 : 1;
    const copy = rows.slice().sort((a, b) => direction * compared(a[name], b[name]));
    body.replaceChildren(...copy.map((row) => line(row, drawn)));
    columns.forEach((column, place) => {
      if (column.name === name) head.children[place].setAttribute("aria-sort", order.down ? "descending" : "ascending");
      else head.children[place].removeAttribute("aria-sort");
    });
  }

  const element = h("table", { class: columns.length > 5 ? "many" : "" }, h("caption", { class: "unseen" }, shown.title), h("thead", {}, head), body);
  const place = {
    class: rows.length > 12 ? "tall scroll" : "scroll",
    tabindex: "0",
    role: "group",
    "aria-label": `${shown.title}, table`,
  };
  return h("div", place, element);
}

function title(column, sort) {
  const { name, unit, description } = column;
  if (column === CHANGE)
    return h("th", { scope: "col", class: "number delta", title: description }, h("span", { class: "unseen" }, "Change"));
  const attributes = { scope: "col", class: NUMBERS.has(unit) ? "number" : "", title: description || null };
  return h("th", attributes, h("button", { type: "button", onclick: sort }, label(name)));
}

function line(row, drawn) {
  return h(
    "tr",
    {},
    drawn.columns.map((column, place) => cell(row, column, place, drawn)),
  );
}

function cell(row, column, place, drawn) {
  const { name, unit } = column;
  const tag = place ? "td" : "th";
  const scope = place ? null : "row";
  if (column === CHANGE) return h("td", { class: "number delta dim" }, changed(row, drawn));
  if (unit === "time") return h(tag, { class: "mono moment", scope }, format(row[name], unit));
  if (unit !== "text") return h(tag, { class: "number", scope }, format(row[name], unit));
  return h(
    tag,
    { class: drawn.texts[0] === column ? "text" : "text more", scope },
    place ? null : bar(row, drawn),
    words(name, row[name], drawn),
  );
}

function words(name, value, { filters, choose }) {
  const known = value !== undefined && value !== null && value !== "";
  if (!known && !filters.includes(name)) return h("span", { class: "dim" }, "–");
  const whole = known ? (name === "country" ? country(value) : visible(value)) : "unknown";
  const text = known ? foreign(shortened(whole)) : h("span", { class: "unknown" }, whole);
  const hint = shortened(whole, 1000);
  if (!filters.includes(name) || !filterable(String(value))) return h("span", { title: hint }, text);
  const words = {
    type: "button",
    class: "pick",
    title: hint,
    onclick: () => choose(name, known ? String(value) : null),
  };
  return h("button", words, h("span", { class: "unseen" }, `Filter by ${label(name).toLowerCase()} `), text);
}

function bar(row, { measure, best }) {
  if (best === 0) return null;
  const element = h("span", { class: "share", "aria-hidden": "true" });
  element.style.width = `${(100 * (row[measure.name] ?? 0)) / best}%`;
  return element;
}

function changed(row, { measure, texts, earlier }) {
  const { text } = change(row[measure.name], earlier.get(key(row, texts)) ?? 0, "");
  return text === "no change" ? "±0 %" : text;
}

function key(row, texts) {
  return JSON.stringify(texts.map(({ name }) => row[name] ?? null));
}

function compared(a, b) {
  if (a === undefined || a === null) return b === undefined || b === null ? 0 : -1;
  if (b === undefined || b === null) return 1;
  return typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "en");
}
