// How the pipeline stands: accepted, stored, pending, given up; how fresh; how many replicas.

import { Card } from "./card.js";
import { byId, element } from "./elements.js";
import { NOTHING, age, count, things } from "./numbers.js";
import { replicas } from "./replicas.js";
import { SOURCES } from "./state.js";
import { table } from "./tables.js";
import * as zones from "./zones.js";

const LATE = 10;

const heads = [
  "Source",
  "Accepted",
  "Stored",
  "Duplicates",
  "Rejected",
  "Pending messages",
  "Oldest pending",
  "Dead letters",
  "Complete up to",
];

export class Pipeline {
  constructor() {
    this.card = new Card("pipeline", "Pipeline health", "full");
  }

  url() {
    return "pipeline";
  }

  async prepare(signal) {
    this.functions = await replicas(signal);
  }

  draw(answer, view) {
    const rows = answer.sources
      .filter(({ source, deadLetters }) => SOURCES.has(source) || deadLetters)
      .map((each) => row(each, view));
    freshness(answer, view);
    return this.card.show(standing(answer), [
      this.#tiles(answer),
      table("Events by source", heads, rows),
      this.#functions(),
    ]);
  }

  #tiles({ sources }) {
    const over = (pick) => sources.reduce((sum, each) => sum + (pick(each) ?? 0), 0);
    const pending = over(({ pendingMessages }) => pendingMessages);
    const tiles = [
      ["Accepted", count(over(({ processed }) => processed.events)), pending ? `and ${things(pending, "pending message")}` : "all processed"],
      ["Stored", count(over(({ processed }) => processed.stored)), things(over(({ processed }) => processed.duplicates), "duplicate")],
      ["Pending", things(pending, "message"), pending ? "being processed" : "nothing waits"],
      ["Dead letters", count(over(({ deadLetters }) => deadLetters)), "hookstream deadletter ls"],
    ];
    return element(
      "dl",
      { class: "tiles" },
      ...tiles.map(([name, value, about]) =>
        element("div", {}, element("dt", {}, name), element("dd", { class: "figure" }, value), element("dd", { class: "note" }, about)),
      ),
    );
  }

  #functions() {
    if (!this.functions) {
      return element("p", { class: "note" }, "Replicas: not available here; this gateway tells them to its operators only.");
    }
    const listed = this.functions.map(({ name, replicas: number }) =>
      element("li", { class: number ? "awake" : "asleep" }, `${name} `, element("strong", {}, number ? String(number) : "asleep")),
    );
    return element("ul", { class: "functions", "aria-label": "Replicas" }, ...listed);
  }
}

function row(each, { zone }) {
  const { processed } = each;
  const known = (value) => (value === null ? NOTHING : count(value));
  const moment = (value) => (value === null ? NOTHING : zones.moment(Date.parse(value), zone));
  return [
    SOURCES.get(each.source) ?? "Unknown",
    ...[processed.events, processed.stored, processed.duplicates, processed.rejected].map(count),
    known(each.pendingMessages),
    moment(each.oldestPendingAt),
    known(each.deadLetters),
    each.asOf === null ? NOTHING : `${moment(each.asOf)}${each.stale ? " (stale)" : ""}`,
  ];
}

function standing({ stale, freshnessSeconds }) {
  if (freshnessSeconds === null) return "The connector has not reported yet: check that it runs.";
  if (stale) return "Stale: the connector does not report. Check that it runs (hookstream status).";
  return "As the connector sees it, each second";
}

/** The line at the top of the page. */
function freshness({ stale, asOf, freshnessSeconds }, { zone }) {
  const line = byId("freshness");
  const known = freshnessSeconds !== null;
  const late = stale || !known || freshnessSeconds > LATE;
  line.className = `freshness ${late ? "late" : "fresh"}`;
  const moment = known ? `Complete up to ${zones.second(Date.parse(asOf), zone)}` : "Freshness unknown";
  const old = known ? `, ${age(freshnessSeconds)} ago` : "";
  line.textContent = stale && known ? `Stale: ${moment.toLowerCase()}${old}` : moment + old;
}
