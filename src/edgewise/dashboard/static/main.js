// The page: reads the address, shows the view it means, writes the address when the reader chooses something else.

import { exact, filtered, misread, read, write } from "./address.js";
import { ask, fetched, query } from "./api.js";
import { periodControl, tools } from "./controls.js";
import { announce, h } from "./dom.js";
import { filters } from "./filters.js";
import { keepingFocus } from "./focus.js";
import { shortened, visible } from "./format.js";
import { live } from "./live.js";
import { overview } from "./overview.js";
import { failed, panel } from "./panel.js";
import { start } from "./start.js";
import { period, spoken } from "./time.js";
import { VIEWS } from "./views.js";

// How often a page looks whether it is old: as a bucket of its charts, between these.
const SOONEST = 30_000;
const LATEST = 300_000;
const at = (id) => document.getElementById(id);

class App {
  constructor({ filters, questions }) {
    this.filters = filters;
    this.questions = questions;
    this.parts = [];
    this.notice = h("div", {});
    this.unread = h("div", {});
    this.choose = (name, value) => this.go(filtered(this.state, name, exact(value)));
    this.zoom = (from, to) =>
      this.go({ ...this.state, range: undefined, from: Math.floor(from / 1e6) * 1e6, to: Math.ceil(to / 1e6) * 1e6 });
    addEventListener("popstate", () => this.show());
    setInterval(() => this.follow(), SOONEST);
  }

  /** Go to a state, which becomes the address. */
  go(state) {
    history.pushState(null, "", write(state));
    this.show();
  }

  /** Show what the address says. */
  show() {
    const before = this.state?.view;
    const names = [Object.keys(VIEWS), this.filters];
    this.state = read(location.search, ...names);
    this.unread.replaceChildren(...misread(location.search, ...names).map(meaningless));
    if (before === undefined) this.draw();
    else keepingFocus(before !== this.state.view, () => this.draw());
    announce(`${VIEWS[this.state.view].title}, ${at("when").textContent}`);
    this.load();
  }

  draw() {
    const view = VIEWS[this.state.view];
    document.title = `${view.title} · Edgewise`;
    at("title").textContent = view.title;
    this.dated();
    navigation(this);
    at("period").hidden = Boolean(view.live);
    periodControl(at("period"), this);
    tools(at("tools"), this);
    filters(at("filters"), this);
    for (const part of this.parts) part.destroy();
    this.parts = view.live
      ? [live(this)]
      : view.panels.map((each) => (each.tiles ? overview(each, this) : panel(each, this)));
    this.grid = h(
      "div",
      { class: "grid" },
      this.parts.map(({ element }) => element),
    );
    at("view").replaceChildren(this.unread, this.notice, this.grid);
  }

  dated() {
    this.period = period(this.state, Date.now() * 1000);
    at("when").textContent = VIEWS[this.state.view].live ? "" : spoken(this.period);
  }

  load() {
    this.loaded = Date.now();
    this.asking?.abort();
    this.asking = new AbortController();
    const { signal } = this.asking;
    for (const part of this.parts) part.load(signal);
    this.look(signal);
  }

  async look(signal) {
    try {
      const { rows } = await ask("overview", query(this.period, this.state.filters), signal);
      this.grid.hidden = await start(this.notice, this, rows[0]?.requests ?? 0);
    } catch (error) {
      if (error.name === "AbortError") return;
      this.notice.replaceChildren(h("div", { class: "note" }, failed(error)));
      // A filter that no question takes is told once, not by every panel.
      this.grid.hidden = this.filters.includes(error.key);
    }
  }

  /** Ask again over the time of now. */
  refresh() {
    this.dated();
    this.load();
  }

  /** The same by itself, while somebody looks and the period ends now; not while something is open. */
  follow() {
    const busy =
      document.hidden ||
      !this.state?.range ||
      VIEWS[this.state.view].live ||
      document.querySelector("details[open], dialog[open]");
    const old = Date.now() - this.loaded >= Math.min(LATEST, Math.max(SOONEST, this.period.bucket / 1000));
    if (old && !busy && !at("view").contains(document.activeElement)) this.refresh();
  }
}

function meaningless(part) {
  const words = `The address says “${visible(shortened(part, 60))}”, which means nothing here; it is left out.`;
  return h("p", { class: "note", role: "status" }, words);
}

function navigation(app) {
  const links = Object.entries(VIEWS).map(([view, { title }]) => {
    const address = write({ ...app.state, view });
    const go = (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      app.go({ ...app.state, view });
    };
    return h(
      "li",
      {},
      h("a", { href: address, "aria-current": app.state.view === view ? "page" : null, onclick: go }, title),
    );
  });
  at("views").replaceChildren(h("ul", {}, links));
  at("views").querySelector("[aria-current]").scrollIntoView({ block: "nearest", inline: "nearest" });
}

try {
  new App(await fetched("/data/questions")).show();
} catch (error) {
  at("view").replaceChildren(failed(error));
}
