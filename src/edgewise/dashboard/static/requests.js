// The table of requests in the live tail: its columns, one row, and the field to look for a text.

import { filterable } from "./address.js";
import { foreign, h } from "./dom.js";
import { clock, format, moment, shortened, visible } from "./format.js";
import { openRecord } from "./record.js";

/** Those with `extra` are left out on narrow screens; the record has them. */
export const COLUMNS = [
  { name: "Time (UTC)" },
  { name: "Method", look: "extra" },
  { name: "Status" },
  { name: "Took", look: "number extra" },
  { name: "Result", look: "extra" },
  { name: "Request" },
  { name: "Country", look: "extra" },
];

/** A form whose text goes into the address. */
export function finder(app) {
  const field = h("input", {
    type: "search",
    "aria-label": "Find in path, query, user agent and address",
    placeholder: "Text in path, query, agent, address",
    value: app.state.find,
    maxlength: "500",
    // The cross in the field empties it, and shows everything again.
    onsearch: () => field.value === "" && app.state.find && app.go({ ...app.state, find: "" }),
  });
  const send = (event) => {
    event.preventDefault();
    app.go({ ...app.state, find: field.value });
  };
  return h("form", { role: "search", onsubmit: send }, field, h("button", { type: "submit" }, "Find"));
}

/** One request as a row; its time opens the whole record. */
export function line(row, fresh, app) {
  const target = visible((row.path ?? "–") + (row.query ? `?${row.query}` : ""));
  const opened = {
    type: "button",
    class: "pick",
    "data-request": row.request_id,
    title: moment(row._timestamp),
    onclick: () => openRecord(row),
  };
  return h(
    "tr",
    { class: fresh ? "fresh" : "" },
    h("td", {}, h("button", opened, clock(row._timestamp))),
    h("td", { class: "extra" }, shortened(visible(row.method ?? "–"), 12)),
    h("td", { class: `status-${String(row.status ?? "")[0] ?? ""}` }, pick("status", row.status, app)),
    h("td", { class: "number extra" }, format(row.duration_ms, "ms")),
    h("td", { class: "extra" }, shortened(visible(row.result ?? "–"), 24)),
    h("td", { class: "text", title: shortened(target, 1000) }, pick("path", row.path, app, foreign(shortened(target)))),
    h("td", { class: "extra" }, pick("country", row.country, app)),
  );
}

function pick(name, value, app, shown = shortened(visible(value ?? "–"), 24)) {
  if (value === undefined || value === null || value === "") return "–";
  if (!filterable(String(value))) return shown;
  return h(
    "button",
    { type: "button", class: "pick", onclick: () => app.choose(name, String(value)) },
    h("span", { class: "unseen" }, "Filter by "),
    shown,
  );
}
