// Revenue over time, stacked by source.

import { NO_REVENUE } from "./advice.js";
import { Card } from "./card.js";
import { INTERVALS, label } from "./intervals.js";
import { money, sum, things } from "./numbers.js";
import { columns } from "./series.js";
import { SOURCES } from "./state.js";
import { legend, table } from "./tables.js";
import { TimeChart } from "./timechart.js";

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
    const found = columns(answer.series, view, ({ source }) => source);
    const series = [...SOURCES].filter(([source]) => found.columns.has(source)).map(
      ([source, name]) => {
        const amounts = found.columns.get(source).map((point) => point?.totalRevenue ?? "0");
        const texts = amounts.map(money);
        return { name, tone: `${source}-bottom`, amounts, values: amounts.map(Number), texts };
      },
    );
    const total = (place) => money(sum(series.map(({ amounts }) => amounts[place])));
    const { interval, zone } = view;
    this.#explain(answer);
    this.chart.draw({
      summary: `Revenue of ${money(answer.totalRevenue)} over time by source.`,
      ...{ starts: found.starts, span: found.span, series, total, interval, zone },
    });
    const note = `By ${INTERVALS.get(interval).name.toLowerCase()}, ${things(answer.transactionCount, "transaction")}`;
    return this.card.show(note, [this.legend, this.chart.node], () => {
      const heads = ["Interval", ...series.map(({ name }) => name), "Total"];
      const rows = found.starts.map((start, place) => [
        label(interval, start, zone),
        ...series.map(({ texts }) => texts[place]),
        total(place),
      ]);
      return table("Revenue over time", heads, rows);
    });
  }

  #explain({ groups }) {
    const entries = groups.map(({ source, totalRevenue }) => ({
      name: SOURCES.get(source) ?? source,
      tone: `${source}-bottom`,
      value: money(totalRevenue),
    }));
    this.legend.replaceChildren(...legend(entries).childNodes);
  }
}
