// The frame around a chart or list: title, CSV link, and what is shown while there is no answer.

import { download } from "./download.js";
import { element } from "./elements.js";
import { Refusal } from "./reports.js";
import { credential } from "./session.js";

export class Card {
  #content = element("div", { class: "content" });
  #note = element("p", { class: "note" });
  #state = element("div", { class: "state", hidden: true });
  #table = element("details", { class: "figures", hidden: true });
  #rows = null;

  /** `report` names the report that has the figures as CSV, if one has. */
  constructor(id, title, size, report = null) {
    const heading = element("h2", { id: `${id}-title` }, title);
    this.title = title;
    this.csv = element("a", { class: "csv", download: "", hidden: true }, "CSV");
    this.csv.setAttribute("aria-label", `${title} as CSV`);
    this.csv.addEventListener("click", (event) => this.#download(event));
    this.report = report;
    this.node = element(
      "section",
      { id, class: `card ${size}`, "aria-labelledby": heading.id, "aria-busy": "true" },
      element("header", {}, element("div", {}, heading, this.#note), this.csv),
      this.#state,
      this.#content,
      this.#table,
    );
    this.#table.append(element("summary", {}, "Figures as a table"));
    this.#table.addEventListener("toggle", () => this.#fill());
    this.#wait();
  }

  /** Show what an answer says; `rows()` makes its table, where the content is no text itself. */
  show(note, content, rows = null) {
    this.#settle();
    this.#note.textContent = note;
    this.#content.hidden = false;
    const kept = this.#content.childNodes;
    if (kept.length !== content.length || content.some((node, place) => node !== kept[place])) {
      this.#content.replaceChildren(...content);
    }
    this.#rows = rows;
    this.#table.hidden = rows === null;
    this.#fill();
  }

  /** Say that nothing matches, and what to do. */
  empty(advice) {
    this.#without("empty", "Nothing to show yet", advice);
  }

  /** Say why there is no answer, and let the reader try again. */
  fail(refusal, again) {
    const button = element("button", { type: "button", class: "button" }, "Try again");
    button.addEventListener("click", again);
    this.#without("failed", refusal.title, refusal.detail, button);
  }

  /** Name the CSV of what is shown. */
  link(url) {
    this.csv.hidden = url === null;
    if (url !== null) this.csv.href = url;
  }

  async #download(event) {
    if (!credential()) return; // the link itself does
    event.preventDefault();
    try {
      await download(this.csv.href);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.fail(error, () => this.csv.click());
    }
  }

  #wait() {
    this.#state.className = "state waiting";
    this.#state.hidden = false;
    this.#state.replaceChildren(element("p", { class: "hidden" }, "Loading"));
  }

  #settle() {
    this.node.setAttribute("aria-busy", "false");
    this.#state.hidden = true;
  }

  #without(kind, title, detail, ...more) {
    this.#settle();
    this.#note.textContent = "";
    this.#content.hidden = true;
    this.#table.hidden = true;
    this.#state.className = `state ${kind}`;
    this.#state.hidden = false;
    this.#state.replaceChildren(
      element("p", { class: "what" }, title),
      element("p", {}, detail),
      ...more,
    );
  }

  #fill() {
    const summary = this.#table.firstChild;
    if (this.#table.open && this.#rows) this.#table.replaceChildren(summary, this.#rows());
  }
}
