// Events over time, stacked by source and stage.

import { NO_EVENTS } from "./advice.js";
import { Card } from "./card.js";
import { INTERVALS, label } from "./intervals.js";
import { count, things } from "./numbers.js";
import { columns } from "./series.js";
import { SOURCES, STAGES } from "./state.js";
import { legend, table } from "./tables.js";
import { TimeChart } from "./timechart.js";

const KEYS = [...SOURCES.keys()].flatMap((source) =>
  [...STAGES.keys()].map((stage) => `${source}-${stage}`),
);

const nameOf = (key) => {
  const [source, stage] = key.split("-");
  return `${SOURCES.get(source)} ${STAGES.get(stage).toLowerCase()}`;
};

const keyOf = ({ source, funnelStage }) => `${source}-${funnelStage}`;

export class Events {
  constructor(select) {
    this.card = new Card("events", "Events over time", "wide", "events");
    this.chart = new TimeChart(select);
  }

  url(view, more = {}) {
    return view.url("events", { groupBy: ["source", "funnelStage"], ...view.series, ...more });
  }

  draw(answer, view) {
    if (!answer.series?.length) return this.card.empty(NO_EVENTS);
    const found = columns(answer.series, view, keyOf);
    const series = KEYS.filter((key) => found.columns.has(key)).map((key) => {
      const values = found.columns.get(key).map((point) => point?.count ?? 0);
      return { name: nameOf(key), tone: key, values, texts: values.map(count) };
    });
    const total = (place) => count(series.reduce((sum, { values }) => sum + values[place], 0));
    const totals = new Map(answer.groups.map((group) => [keyOf(group), group.count]));
    const entries = series.map(({ name, tone }) => ({ name, tone, value: count(totals.get(tone)) }));
    const { interval, zone } = view;
    this.chart.draw({
      summary: `${things(answer.totalEvents, "event")} over time by source and stage.`,
      ...{ starts: found.starts, span: found.span, series, total, interval, zone },
    });
    const note = `By ${INTERVALS.get(interval).name.toLowerCase()}, drag to zoom`;
    return this.card.show(note, [this.#legend(entries), this.chart.node], () => {
      const heads = ["Interval", ...series.map(({ name }) => name), "Total"];
      const rows = found.starts.map((start, place) => [
        label(interval, start, zone),
        ...series.map(({ texts }) => texts[place]),
        total(place),
      ]);
      return table("Events over time", heads, rows);
    });
  }

  #legend(entries) {
    const made = legend(entries);
    this.shown ??= made;
    if (this.shown !== made) this.shown.replaceChildren(...made.childNodes);
    return this.shown;
  }
}
