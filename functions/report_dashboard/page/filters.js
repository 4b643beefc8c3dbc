// The filter bar: shows a state, tells of changes.

import { byId, element } from "./elements.js";
import { INTERVALS } from "./intervals.js";
import { RANGES, SOURCES, STAGES, initial, typesOf } from "./state.js";
import * as zones from "./zones.js";

const option = ([value, name]) => element("option", { value }, name);

export class Filters {
  #form = byId("filters");
  #state;

  /** `changed(state)` is called after each change; `suggest(dimension)` returns values for a list. */
  constructor(changed, suggest) {
    this.changed = changed;
    this.#fields("source").append(...[["", "All"], ...SOURCES].map(option));
    this.#fields("funnelStage").append(...[["", "All"], ...STAGES].map(option));
    const intervals = [...INTERVALS].map(([value, { name }]) => [value, name]);
    this.#fields("interval").append(...[["", "Automatic"], ...intervals].map(option));
    this.#fields("timezone").append(...zones.ZONES.map((zone) => option([zone, zoneName(zone)])));
    this.#ranges();
    this.#form.addEventListener("change", () => this.#take());
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#take();
    });
    byId("reset").addEventListener("click", () => this.changed({ ...initial(), refresh: this.#state.refresh }));
    byId("more").addEventListener("click", () => this.#fold());
    for (const [name, list] of [["campaignId", "campaigns"], ["country", "countries"]]) {
      const filled = async () => byId(list).replaceChildren(...(await suggest(name)).map((value) => option([value, value])));
      this.#fields(name).addEventListener("focus", filled, { once: true });
    }
  }

  /** Show a state. */
  show(state) {
    this.#state = state;
    const types = typesOf(state).map((type) => [type, type]);
    this.#fields("eventType").replaceChildren(...[["", "All"], ...types].map(option));
    for (const [name, value] of Object.entries(state)) {
      const field = this.#fields(name);
      if (field && field.value !== value) field.value = value;
      if (field && field.value === "" && name === "timezone") {
        field.append(option([value, value])); // an older name of a zone, which is as good
        field.value = value;
      }
    }
    byId("custom").hidden = state.range !== "custom";
    const chosen = Object.entries(state).filter(([name, value]) => value && !["range", "timezone", "refresh"].includes(name));
    byId("more").textContent = chosen.length ? `Filters (${chosen.length})` : "Filters";
  }

  #fields(name) {
    return this.#form.elements.namedItem(name);
  }

  #ranges() {
    for (const [value, { name }] of RANGES) {
      const input = element("input", { type: "radio", name: "range", value });
      byId("ranges").append(element("label", {}, input, element("span", {}, name)));
    }
  }

  #take() {
    const given = Object.fromEntries(new FormData(this.#form));
    const next = { ...this.#state, ...given };
    next.campaignId = next.campaignId.trim();
    next.country = next.country.trim();
    if (!typesOf(next).includes(next.eventType)) next.eventType = "";
    if (next.range === "custom" && this.#state.range !== "custom" && !next.from) {
      const span = RANGES.get(this.#state.range).span ?? RANGES.get("24h").span;
      next.from = zones.field(Date.now() - span, next.timezone);
    }
    this.changed(next);
  }

  #fold() {
    const open = this.#form.classList.toggle("open");
    byId("more").setAttribute("aria-expanded", String(open));
  }
}

const zoneName = (zone) => (zone === zones.HERE ? `${zone} (yours)` : zone);
