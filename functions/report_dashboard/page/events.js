// Events over time, stacked by source and stage.

import { NO_EVENTS } from "./advice.js";
import { Card } from "./card.js";
import { INTERVALS } from "./intervals.js";
import { count, things } from "./numbers.js";
import { columns } from "./series.js";
import { SOURCES, STAGES } from "./state.js";
import { legend } from "./tables.js";
import { TimeChart, timetable } from "./timechart.js";

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
    this.legend = legend([]);
  }

  url(view, more = {}) {
    return view.url("events", { groupBy: ["source", "funnelStage"], ...view.series, ...more });
  }

  draw(answer, view) {
    if (!answer.series?.length) return this.card.empty(NO_EVENTS);
    const { columns: found, ...moments } = columns(answer.series, view, keyOf);
    const series = KEYS.filter((key) => found.has(key)).map((key) => {
      const values = found.get(key).map((point) => point?.count ?? 0);
      return { name: nameOf(key), tone: key, values, texts: values.map(count) };
    });
    const total = (place) => count(series.reduce((sum, { values }) => sum + values[place], 0));
    const summary = `${things(answer.totalEvents, "event")} over time by source and stage.`;
    const model = { ...moments, series, total, summary };
    const totals = new Map(answer.groups.map((group) => [keyOf(group), count(group.count)]));
    const named = series.map(({ name, tone }) => ({ name, tone, value: totals.get(tone) }));
    this.legend.replaceChildren(...legend(named).childNodes);
    const note = `By ${INTERVALS.get(view.interval).name.toLowerCase()}; drag over bars to zoom`;
    const figures = () => timetable(this.card.title, model);
    this.card.show(note, [this.legend, this.chart.node], figures);
    this.chart.draw(model);
  }
}
