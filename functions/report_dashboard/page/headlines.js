// The three figures that are read first; they are answers of reports that are asked anyway.

import { element } from "./elements.js";
import { whole } from "./funnel.js";
import { compact, count, money, percent, things } from "./numbers.js";
import { SOURCES } from "./state.js";

class Headline {
  #value = element("p", { class: "figure" }, "–");
  #about = element("p", { class: "note" }, "Loading");

  constructor(id, title, of) {
    this.of = of;
    this.node = element(
      "section",
      { id, class: "card headline", "aria-labelledby": `${id}-title`, "aria-busy": "true" },
      element("h2", { id: `${id}-title` }, title),
      this.#value,
      this.#about,
    );
    this.card = this;
  }

  url(view) {
    return this.of.url(view);
  }

  draw(answer) {
    const [value, about] = this.read(answer);
    this.show(value, about);
  }

  show(value, about) {
    this.node.setAttribute("aria-busy", "false");
    this.#value.textContent = value;
    this.#about.textContent = about;
  }

  fail({ title }) {
    this.show("–", title);
  }

  link() {}
}

export class EventsHeadline extends Headline {
  read({ totalEvents, groups }) {
    const parts = [...SOURCES].map(([source, name]) => {
      const events = groups.filter((group) => group.source === source);
      return `${name} ${compact(events.reduce((sum, group) => sum + group.count, 0))}`;
    });
    return [count(totalEvents), parts.join(" · ")];
  }
}

export class RevenueHeadline extends Headline {
  read({ totalRevenue, transactionCount, averageOrderValue }) {
    const about = `${things(transactionCount, "transaction")} · ${money(averageOrderValue)} on average`;
    return [money(totalRevenue), about];
  }
}

export class ConversionHeadline extends Headline {
  read({ groups }) {
    const { rate, both, top } = whole(groups);
    return [percent(rate), `${count(both)} of ${things(top.users, "user")} reached the bottom`];
  }
}
