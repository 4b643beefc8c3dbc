// Revenue over time, stacked by source.

import { NO_REVENUE } from "./advice.js";
import { Card } from "./card.js";
import { INTERVALS } from "./intervals.js";
import { money, sum, things } from "./numbers.js";
import { columns } from "./series.js";
import { SOURCES } from "./state.js";
import { legend } from "./tables.js";
import { TimeChart, timetable } from "./timechart.js";

export class Revenue {
  constructor(select) {
    this.card = new Card("revenue", "Revenue over time", "wide", "revenue");
    this.chart = new TimeChart(select);
    this.legend = legend([]);
  }

  url(view, more = {}) {
    return view.url("revenue", { groupBy: "source", ...view.series, ...more });
  }

  draw(answer, view) {
    if (!answer.series?.length) return this.card.empty(NO_REVENUE);
    const { columns: found, ...moments } = columns(answer.series, view, ({ source }) => source);
    const series = [...SOURCES].filter(([source]) => found.has(source)).map(([source, name]) => {
      const amounts = found.get(source).map((point) => point?.totalRevenue ?? "0");
      const texts = amounts.map(money);
      return { name, tone: `${source}-bottom`, amounts, values: amounts.map(Number), texts };
    });
    const total = (place) => money(sum(series.map(({ amounts }) => amounts[place])));
    const summary = `Revenue of ${money(answer.totalRevenue)} over time by source.`;
    const model = { ...moments, series, total, summary };
    const totals = new Map(answer.groups.map((group) => [group.source, money(group.totalRevenue)]));
    const named = [...totals].map(([source, value]) => ({
      name: SOURCES.get(source),
      tone: `${source}-bottom`,
      value,
    }));
    this.legend.replaceChildren(...legend(named).childNodes);
    const sales = things(answer.transactionCount, "transaction");
    const note = `By ${INTERVALS.get(view.interval).name.toLowerCase()}; ${sales}`;
    const figures = () => timetable(this.card.title, model);
    this.card.show(note, [this.legend, this.chart.node], figures);
    this.chart.draw(model);
  }
}
