// Revenue by a dimension with many values, the largest first.

import { NO_REVENUE } from "./advice.js";
import { Card } from "./card.js";
import { count, money, things } from "./numbers.js";
import { bars } from "./tables.js";

const MOST = 20;

export class Ranking {
  /** `dimension` is the report's; `one` what a value is called. */
  constructor(id, title, dimension, one, tone) {
    this.card = new Card(id, title, "half", "revenue");
    Object.assign(this, { dimension, one, tone });
  }

  // One more than is shown: purchases without a value are a group as well.
  url(view, more = {}) {
    return view.url("revenue", { groupBy: this.dimension, limit: MOST + 1, ...more });
  }

  draw(answer) {
    const named = answer.groups.filter((group) => group[this.dimension] !== null);
    const without = answer.groups.find((group) => group[this.dimension] === null);
    if (!named.length) return this.card.empty(NO_REVENUE);
    const shown = named.slice(0, MOST).map((group) => ({
      name: group[this.dimension],
      size: Number(group.totalRevenue),
      value: money(group.totalRevenue),
      extra: things(group.transactionCount, "sale"),
      tone: this.tone,
    }));
    // Whether there are purchases without a value is known once their group is in the answer.
    const all = without || answer.nextCursor === null ? answer.groupCount - (without ? 1 : 0) : null;
    const top = `Top ${shown.length}${all === null ? "" : ` of ${count(all)}`}`;
    const some = all === shown.length ? `All ${count(all)}` : top;
    const rest = without ? `; ${money(without.totalRevenue)} without ${this.one}` : "";
    const heads = [this.one, "Revenue", "Transactions"];
    return this.card.show(some + rest, [bars(this.card.title, heads, shown)]);
  }
}
