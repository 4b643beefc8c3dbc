// The funnel: who was at its top, who reached its bottom, and by which events.

import { NO_EVENTS } from "./advice.js";
import { Card } from "./card.js";
import { element } from "./elements.js";
import { money, percent, things } from "./numbers.js";
import { SOURCES, STAGES } from "./state.js";
import { bars } from "./tables.js";

/** Add up the groups of sources: a user belongs to one source, so that sums stay exact. */
export function whole(groups) {
  const over = (pick) => groups.reduce((sum, group) => sum + pick(group), 0);
  const stage = (name) => ({
    users: over(({ stages }) => stages[name].users),
    events: over(({ stages }) => stages[name].events),
  });
  const [top, bottom] = [stage("top"), stage("bottom")];
  const both = over(({ conversion }) => conversion.users);
  const users = over((group) => group.users);
  return { users, top, bottom, both, rate: top.users ? both / top.users : null };
}

export class Funnel {
  constructor() {
    this.card = new Card("funnel", "Funnel", "narrow", "funnel");
  }

  url(view, more = {}) {
    return view.url("funnel", { groupBy: "source", ...more });
  }

  draw({ groups }) {
    if (!groups.length) return this.card.empty(NO_EVENTS);
    const all = whole(groups);
    const most = Math.max(all.top.users, all.bottom.users, 1);
    const share = all.rate === null ? "" : `, ${percent(all.rate)} of those at the top`;
    return this.card.show(things(all.users, "distinct user"), [
      stageBar("top", all.top, groups, most),
      element("p", { class: "step" }, `${things(all.both, "user")} in both stages${share}`),
      stageBar("bottom", all.bottom, groups, most),
      bars("Types of events", ["Type", "Users", "Events"], types(groups)),
      element("h3", {}, "Conversion by source"),
      bars("Conversion by source", ["Source", "Conversion", "Revenue"], conversions(groups)),
    ]);
  }
}

function types(groups) {
  return groups
    .flatMap((group) => group.types)
    .sort((a, b) => b.users - a.users)
    .map(({ source, funnelStage, eventType, users, events }) => ({
      name: `${SOURCES.get(source)} ${eventType}`,
      size: users,
      value: things(users, "user"),
      extra: things(events, "event"),
      tone: `${source}-${funnelStage}`,
    }));
}

function conversions(groups) {
  return groups.map(({ source, conversion, revenuePerUser }) => ({
    name: SOURCES.get(source),
    size: conversion.rate ?? 0,
    value: percent(conversion.rate),
    extra: `${money(revenuePerUser)} a user`,
    tone: `${source}-bottom`,
  }));
}

function stageBar(stage, { users, events }, groups, most) {
  const parts = groups.map(({ source, stages }) => {
    const bar = element("span", { class: `bar ${source}-${stage}` });
    bar.style.width = `${(100 * stages[stage].users) / most}%`;
    return bar;
  });
  return element(
    "div",
    { class: "stage" },
    element(
      "p",
      {},
      element("span", {}, `${STAGES.get(stage)} of the funnel`),
      element("strong", {}, things(users, "user")),
    ),
    element("span", { class: "track", "aria-hidden": "true" }, ...parts),
    element("p", { class: "note" }, things(events, "event")),
  );
}
