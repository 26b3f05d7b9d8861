// The live tail: the latest requests, newest first, asked for every second; pause, and one record in full.

import { fetched, query } from "./api.js";
import { announce, h } from "./dom.js";
import { visible } from "./format.js";
import { failed } from "./panel.js";
import { COLUMNS, finder, line } from "./requests.js";

const PAUSE = 1000;
// A request may become known, or complete, this much later than it was (microseconds).
const LATE = 120e6;
const FIRST = 3600e6;
const KEPT = 300;

/** Why the list is empty: nothing came, or nothing that fits. */
function nothing({ find, filters }) {
  if (find) return `No request of the last hour has “${visible(find)}” in its path, query, user agent or address.`;
  if (Object.keys(filters).length > 0) return "No request of the last hour fits the filters.";
  return "No request in the last hour.";
}

/** The view. `load` starts it, `destroy` ends it. */
export function live(app) {
  const rows = new Map();
  const drawn = new Map();
  const body = h("tbody", {});
  const note = h("p", { class: "dim", role: "status" });
  const problem = h("div", {});
  const button = h(
    "button",
    { type: "button", class: "toggle", "aria-pressed": "false", onclick: () => pause(!paused) },
    "Pause",
  );
  const head = COLUMNS.map(({ name, look }) => h("th", { scope: "col", class: look }, name));
  const element = h(
    "section",
    { class: "panel live", "aria-label": "Live tail" },
    h(
      "header",
      {},
      h("div", { class: "words" }, h("h2", {}, "Requests as they come"), note),
      h("div", { class: "actions" }, finder(app), button),
    ),
    problem,
    h(
      "div",
      { class: "scroll", tabindex: "0", role: "region", "aria-label": "Latest requests" },
      h("table", {}, h("thead", {}, h("tr", {}, head)), body),
    ),
  );
  let paused = false;
  let timer = 0;
  let stopped = false;
  let newest = 0;

  function pause(wanted) {
    paused = wanted;
    button.setAttribute("aria-pressed", paused);
    button.textContent = paused ? "Go on" : "Pause";
    announce(paused ? "Paused" : "Following");
    if (!paused) poll();
  }

  async function poll() {
    clearTimeout(timer);
    if (stopped || paused) return;
    try {
      if (!document.hidden) await look();
      problem.replaceChildren();
    } catch (error) {
      problem.replaceChildren(failed(error));
    }
    if (!stopped && !paused) timer = setTimeout(poll, PAUSE);
  }

  async function look() {
    const now = Date.now() * 1000;
    const start = newest ? Math.max(newest - LATE, now - FIRST) : now - FIRST;
    const asked = query({ start: Math.floor(start), end: now + LATE }, app.state.filters, {
      top: newest ? KEPT : 100,
      find: app.state.find,
    });
    const answer = await fetched(`/data/questions/latest?${asked}`);
    if (stopped || paused) return;
    const fresh = answer.rows.filter((row) => !rows.has(row.request_id));
    for (const row of answer.rows) rows.set(row.request_id, row);
    draw(newest ? new Set(fresh.map((row) => row.request_id)) : new Set());
    newest = Math.max(newest, ...answer.rows.map((row) => row._timestamp));
    const words = rows.size
      ? "Newest first. Choose a time to see the whole record."
      : `${nothing(app.state)} New ones show up here by themselves.`;
    // It is spoken when it is set.
    if (note.textContent !== words) note.textContent = words;
  }

  /** Only what is new or has changed is touched: a click on a row, and the focus, outlive the next look. */
  function draw(fresh) {
    const sorted = [...rows.values()].sort((a, b) => b._timestamp - a._timestamp);
    for (const { request_id } of sorted.splice(KEPT)) {
      rows.delete(request_id);
      drawn.delete(request_id);
    }
    sorted.forEach((row, place) => {
      const element = lineOf(row, fresh.has(row.request_id));
      if (body.children[place] !== element) body.insertBefore(element, body.children[place] ?? null);
    });
    while (body.children.length > sorted.length) body.lastChild.remove();
  }

  function lineOf(row, fresh) {
    const text = JSON.stringify(row);
    const known = drawn.get(row.request_id);
    if (known?.text === text) return known.element;
    const element = line(row, fresh, app);
    const focused = known?.element.contains(document.activeElement);
    known?.element.replaceWith(element);
    if (focused) element.querySelector("[data-request]").focus();
    drawn.set(row.request_id, { text, element });
    return element;
  }

  document.addEventListener("visibilitychange", poll);
  return {
    element,
    load: poll,
    destroy() {
      stopped = true;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", poll);
    },
  };
}
