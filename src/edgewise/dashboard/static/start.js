// What an empty page says: how the first record gets in, or where the records are that this period has not.

import { fetched } from "./api.js";
import { h } from "./dom.js";
import { moment } from "./format.js";

const WAYS = [
  ["A site on this machine, with every request recorded:", "edgewise up"],
  ["Access logs that CloudFront has written, or a server in the combined format:", "edgewise import logs/*.gz"],
];

/** Draw into an element what to do when a period has no requests, nothing when it has some. Is the store empty? */
export async function start(place, app, requests) {
  const filtering = Object.keys(app.state.filters).length > 0;
  if (requests > 0 || app.state.view === "live") {
    place.replaceChildren();
    return false;
  }
  const { first, last } = await fetched("/data/store");
  if (last === undefined) {
    place.replaceChildren(begin());
    return true;
  }
  const period = { from: Math.floor(first / 60e6) * 60e6, to: Math.ceil((last + 1) / 60e6) * 60e6 };
  const whole = h(
    "button",
    {
      type: "button",
      onclick: () =>
        app.go({ view: app.state.view, compare: app.state.compare, filters: app.state.filters, ...period }),
    },
    "Show all that there is",
  );
  const words = filtering ? "No request in this period fits the filters." : "No request in this period.";
  place.replaceChildren(
    h(
      "div",
      { class: "note" },
      h("p", {}, `${words} The store has records from ${moment(first)} to ${moment(last)} UTC. `),
      whole,
    ),
  );
  return false;
}

function begin() {
  return h(
    "section",
    { class: "panel start", "aria-label": "How to begin" },
    h("h2", {}, "The store is empty"),
    h("p", {}, "Every request that is recorded shows up here within a second. There are two ways to the first one:"),
    WAYS.map(([words, command]) => [h("p", {}, words), h("pre", { tabindex: "0" }, h("code", {}, command))]),
    h(
      "p",
      { class: "dim" },
      "A function that delivers its records to OpenObserve delivers them here as well: the address is the same as of this page.",
    ),
  );
}
