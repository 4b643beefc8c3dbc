// Who the events come from: one report, several cards.

import { NO_PEOPLE } from "./advice.js";
import { Card } from "./card.js";
import { element } from "./elements.js";
import { count, mean, percent, things } from "./numbers.js";
import { SOURCES } from "./state.js";
import { bars } from "./tables.js";

const AGES = ["under 18", "18–24", "25–34", "35–44", "45–54", "55 and over"];
const FOLLOWERS = ["under 1,000", "1,000–10,000", "10,000–100,000", "100,000–1 m", "over 1 m"];
const MOST = 10;

class People {
  constructor(card) {
    this.card = card;
  }

  url(view, more = {}) {
    return view.url("demographics", more);
  }

  draw(answer) {
    const found = this.lists(answer).filter(({ rows }) => rows.some(({ size }) => size > 0));
    if (!found.length) return this.card.empty(NO_PEOPLE);
    const heads = [this.card.title, "Users", "Share"];
    const lists = found.map(({ title, rows }) =>
      element(
        "div",
        { class: "list" },
        title ? element("h3", {}, title) : null,
        bars(`${this.card.title} ${title}`.trim(), heads, rows),
      ),
    );
    return this.card.show(this.note(answer), [element("div", { class: "lists" }, ...lists)]);
  }
}

/** The users of one source by a label. */
class Groups extends People {
  constructor(id, title, source, member, { names = null, note }) {
    super(new Card(id, title, "quarter", "demographics"));
    Object.assign(this, { source, member, names, say: note });
  }

  note(answer) {
    return this.say(answer[this.source]);
  }

  lists(answer) {
    const found = Object.entries(answer[this.source][this.member]);
    const known = found.reduce((sum, [, users]) => sum + users, 0);
    const rows = found.map(([name, users], place) => ({
      name: this.names?.[place] ?? name,
      size: users,
      value: count(users),
      extra: percent(known ? users / known : null),
      tone: `${this.source}-bottom`,
    }));
    return [{ title: "", rows }];
  }
}

/** The users' places, by source. */
class Places extends People {
  constructor(id, title, size, member, place, sources) {
    super(new Card(id, title, size, "demographics"));
    Object.assign(this, { member, place, sources });
  }

  note() {
    return this.sources.length > 1 ? "Users of each source" : "Facebook users";
  }

  lists(answer) {
    return this.sources.map((source) => ({
      title: this.sources.length > 1 ? SOURCES.get(source) : "",
      rows: answer[source][this.member].slice(0, MOST).map((each) => ({
        name: this.place(each),
        size: each.users,
        value: count(each.users),
        extra: percent(each.share),
        tone: `${source}-bottom`,
      })),
    }));
  }
}

export const people = () => [
  new Groups("ages", "Age", "facebook", "ageGroups", {
    names: AGES,
    note: ({ averageAge }) => `Facebook users, average ${mean(averageAge)}`,
  }),
  new Groups("genders", "Gender", "facebook", "gender", {
    note: ({ users }) => things(users, "Facebook user"),
  }),
  new Groups("followers", "Followers", "tiktok", "followerRanges", {
    names: FOLLOWERS,
    note: ({ averageFollowers }) => `TikTok users, average ${mean(averageFollowers)}`,
  }),
  new Groups("devices", "Devices", "tiktok", "devices", {
    note: ({ users }) => things(users, "TikTok user"),
  }),
  new Places("countries", "Countries", "wide", "topCountries", ({ country }) => country, [
    "facebook",
    "tiktok",
  ]),
  new Places("cities", "Cities", "narrow", "topCities", ({ city, country }) => `${city}, ${country}`, [
    "facebook",
  ]),
];
