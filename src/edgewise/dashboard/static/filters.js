// The filters that hold everywhere, as chips, and a form for another one.

import { filtered } from "./address.js";
import { foreign, h, popover } from "./dom.js";
import { country, label, shortened, visible } from "./format.js";

/** Draw the chips and the form into an element. */
export function filters(place, app) {
  const chips = Object.entries(app.state.filters).map(([name, value]) => chip(name, value, app));
  place.replaceChildren(...chips, popover("Add a filter", form(app)));
}

function chip(name, value, app) {
  const not = value.startsWith("!");
  const bare = not ? value.slice(1) : value;
  const shown = name === "country" ? country(bare) : visible(bare);
  const turned = not ? bare : `!${value}`;
  return h(
    "span",
    { class: "chip" },
    h(
      "button",
      {
        type: "button",
        title: not ? "Show only these" : "Show all but these",
        onclick: () => app.go(filtered(app.state, name, turned)),
      },
      `${label(name)} ${not ? "is not" : "is"}`,
    ),
    h("bdi", { title: shortened(shown, 1000) }, shortened(shown, 120)),
    h(
      "button",
      {
        type: "button",
        "aria-label": `Remove the filter ${label(name).toLowerCase()}`,
        onclick: () => app.go(filtered(app.state, name, "")),
      },
      "×",
    ),
  );
}

function form(app) {
  const name = h(
    "select",
    {},
    app.filters.map((each) => h("option", { value: each }, label(each))),
  );
  const value = h("input", {
    type: "text",
    placeholder: hint("path"),
    maxlength: "2000",
    autocomplete: "off",
    spellcheck: "false",
  });
  name.value = "path";
  name.addEventListener("change", () => {
    value.placeholder = hint(name.value);
  });
  const send = (event) => {
    event.preventDefault();
    if (value.value) app.go(filtered(app.state, name.value, value.value));
  };
  return h(
    "form",
    { onsubmit: send },
    h("label", {}, "What", name),
    h("label", {}, "Value", value),
    h("button", { type: "submit" }, "Filter"),
  );
}

function hint(name) {
  return (
    {
      path: "/blog/*",
      status: "404, 5xx",
      country: "DE",
      agent: "person, bot, tool",
      host: "www.example.com",
      referrer: "news.example",
    }[name] ?? "!value: all but it"
  );
}
