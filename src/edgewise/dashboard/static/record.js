// One request in full: every record of it, field by field, in a dialog.

import { fetched } from "./api.js";
import { h } from "./dom.js";
import { moment, visible } from "./format.js";
import { failed } from "./panel.js";

const NAMES = { edge: "Recorded by a function", access: "Recorded by the CDN" };

/** Open the dialog for a row that has `request_id` and `_timestamp`; the focus comes back when it closes. */
export async function openRecord(row) {
  const inside = h(
    "div",
    { class: "inside", tabindex: "0", role: "region", "aria-label": "Fields" },
    h("p", { class: "dim" }, "Looking it up …"),
  );
  const close = h("button", { type: "button", onclick: () => dialog.close() }, "Close");
  const dialog = h(
    "dialog",
    { "aria-label": "One request in full", onclose: () => dialog.remove() },
    h("header", {}, h("h2", {}, `Request at ${moment(row._timestamp)} UTC`), close),
    inside,
  );
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  document.body.append(dialog);
  dialog.showModal();
  try {
    const asked = new URLSearchParams({ request_id: row.request_id, at: row._timestamp });
    const found = await fetched(`/data/record?${asked}`);
    inside.replaceChildren(
      ...Object.entries(found).flatMap(([stream, records]) => records.flatMap((record) => fields(stream, record))),
    );
  } catch (error) {
    inside.replaceChildren(failed(error));
  }
}

function fields(stream, record) {
  const name = record.trigger ? `${NAMES[stream]}: ${visible(record.trigger)}` : NAMES[stream];
  const list = Object.entries(record).flatMap(([field, value]) => [
    h("dt", {}, visible(field)),
    h(
      "dd",
      {},
      field === "_timestamp"
        ? `${moment(value)} UTC (${value})`
        : visible(typeof value === "object" ? JSON.stringify(value) : value),
    ),
  ]);
  return [h("h3", {}, name), h("dl", { class: "fields" }, list)];
}
