// The bar at the top: the period, the comparison, asking anew, the theme.

import { h, popover } from "./dom.js";
import { RANGES, parsed, written } from "./time.js";
import { VIEWS } from "./views.js";

const NAMES = {
  "15m": "15 minutes",
  "1h": "1 hour",
  "6h": "6 hours",
  "24h": "24 hours",
  "7d": "7 days",
  "30d": "30 days",
  "90d": "90 days",
};
const THEMES = { auto: "As the system", light: "Light", dark: "Dark" };

/** Draw the choice of the period into an element. */
export function periodControl(place, app) {
  const { state } = app;
  const buttons = [...RANGES.keys()].map((range) =>
    h(
      "button",
      {
        type: "button",
        "aria-pressed": state.range === range,
        "aria-label": `${range}, last ${NAMES[range]}`,
        onclick: () => app.go({ ...without(state), range }),
      },
      range,
    ),
  );
  place.replaceChildren(h("div", { class: "segments" }, buttons), own(app));
}

function own(app) {
  const field = (label, value) =>
    h("input", { type: "datetime-local", "aria-label": label, value: written(value).slice(0, 16), required: true });
  const from = field("From (UTC)", app.period.start);
  const to = field("To (UTC)", app.period.end);
  const problem = h("p", { class: "failed", role: "alert" });
  const send = (event) => {
    event.preventDefault();
    const period = { from: parsed(from.value), to: parsed(to.value) };
    if (period.from === null || period.to === null || period.from >= period.to)
      problem.textContent = "The end must be after the beginning.";
    else app.go({ ...without(app.state), ...period });
  };
  return popover(
    app.state.range ? "Dates" : "Chosen dates",
    h(
      "form",
      { onsubmit: send },
      h("label", {}, "From (UTC)", from),
      h("label", {}, "To (UTC)", to),
      problem,
      h("button", { type: "submit" }, "Show"),
    ),
  );
}

function without({ range, from, to, ...rest }) {
  return rest;
}

/** Draw the other controls into an element. */
export function tools(place, app) {
  if (VIEWS[app.state.view].live) return place.replaceChildren(themes());
  const compare = h(
    "button",
    {
      type: "button",
      class: "toggle",
      "aria-pressed": app.state.compare,
      title: "With the period of the same length before",
      onclick: () => app.go({ ...app.state, compare: !app.state.compare }),
    },
    "Compare",
  );
  const again = h("button", { type: "button", onclick: () => app.refresh() }, "Refresh");
  return place.replaceChildren(compare, again, themes());
}

function themes() {
  const now = document.documentElement.dataset.theme;
  const choices = Object.entries(THEMES).map(([theme, name]) =>
    h(
      "button",
      {
        type: "button",
        "aria-pressed": theme === now,
        onclick: (event) => {
          document.documentElement.dataset.theme = theme;
          localStorage.setItem("theme", theme);
          for (const each of event.currentTarget.parentElement.children)
            each.setAttribute("aria-pressed", each === event.currentTarget);
        },
      },
      name,
    ),
  );
  return popover("Theme", ...choices);
}
