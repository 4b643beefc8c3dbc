// The questions that a state amounts to: a range of moments, an interval and filters.

import { INTERVALS, fitting } from "./intervals.js";
import { FILTERS, RANGES } from "./state.js";
import * as zones from "./zones.js";

export class View {
  /** `extent` is the first and last moment of the data, for ranges without a start. */
  constructor(state, now, extent) {
    this.state = state;
    this.zone = state.timezone;
    this.now = now;
    [this.from, this.to] = bounds(state, now);
    this.extent = extent;
    const begin = this.from ?? extent?.[0] ?? now;
    this.interval = state.interval || fitting((this.to ?? extent?.[1] ?? now) - begin);
  }

  /** A report's URL, relative to the page. */
  url(report, parameters = {}, whole = false) {
    const query = new URLSearchParams();
    if (!whole) {
      if (this.from !== null) query.set("from", new Date(this.from).toISOString());
      if (this.to !== null) query.set("to", new Date(this.to).toISOString());
      for (const name of FILTERS) if (this.state[name]) query.set(name, this.state[name]);
    }
    for (const [name, value] of Object.entries(parameters)) {
      for (const each of [value].flat()) query.append(name, each);
    }
    const asked = query.toString();
    return asked ? `../report-${report}?${asked}` : `../report-${report}`;
  }

  get series() {
    return { interval: this.interval, timezone: this.zone };
  }

  /** The moments between which a chart is drawn; `last` is the start of the last interval seen. */
  span(first, last) {
    const end = last + INTERVALS.get(this.interval).length;
    const open = this.state.range === "all" ? end : Math.max(this.now, end);
    return [this.from ?? first, this.to ?? open];
  }
}

function bounds(state, now) {
  if (state.range === "custom") {
    return [state.from, state.to].map((value) =>
      value ? zones.fromField(value, state.timezone) : null,
    );
  }
  const { span, step } = RANGES.get(state.range);
  if (span === null) return [null, null];
  const from = now - span;
  return [from - (from % step), null];
}
