// Elements made of text and elements only. What strangers wrote never becomes markup: there is no way to it from here.

const SVG = "http://www.w3.org/2000/svg";

/** An element: `h("a", { href: "/", class: "b", onclick: f }, "text", child)`. Null and false make nothing, but for `aria-…`, which are words. */
export function h(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** The same for a part of a drawing. */
export function s(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name.startsWith("aria-") && value !== null) element.setAttribute(name, String(value));
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, String(value));
  }
  element.append(
    ...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false),
  );
  return element;
}

/** Text of a stranger, kept apart from the direction of what is around it. */
export function foreign(text) {
  return h("bdi", {}, text);
}

/** A button that opens a small panel below itself. Escape and a click elsewhere close it. */
export function popover(label, ...inside) {
  const box = h("details", { class: "popover" }, h("summary", {}, label), h("div", { class: "inside" }, ...inside));
  box.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && box.open) {
      box.open = false;
      box.firstElementChild.focus();
    }
  });
  box.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !box.contains(event.relatedTarget)) box.open = false;
  });
  return box;
}

document.addEventListener("click", (event) => {
  for (const box of document.querySelectorAll("details.popover[open]")) {
    if (!box.contains(event.target)) box.open = false;
  }
});

/** Say something to a screen reader, when it has finished what it says. */
export function announce(text) {
  document.getElementById("announcer").textContent = text;
}

/** Hand the reader a file that was made here. */
export function download(name, blob) {
  const link = h("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
