// The calendar's intervals in a time zone, the same as those of the reports.

import * as zones from "./zones.js";

const MINUTE = 60e3;
const DAY = 1440 * MINUTE;
const MOST = 3000;

export const INTERVALS = new Map([
  ["15m", { name: "15 minutes", length: 15 * MINUTE }],
  ["1h", { name: "Hour", length: 60 * MINUTE }],
  ["1d", { name: "Day", length: DAY }],
  ["1w", { name: "Week", length: 7 * DAY }],
  ["1M", { name: "Month", length: 30 * DAY }],
]);

/** The interval that shows a span of milliseconds in a readable number of bars. */
export function fitting(span) {
  if (span <= DAY / 2) return "15m";
  if (span <= 15 * DAY) return "1h";
  if (span <= 180 * DAY) return "1d";
  return span <= 1100 * DAY ? "1w" : "1M";
}

/** The start of the interval that holds a moment. */
export function startOf(interval, moment, zone) {
  const { length } = INTERVALS.get(interval);
  const shown = zones.wall(moment, zone);
  if (length < DAY) return moment - (shown % length);
  const at = new Date(shown - (shown % DAY));
  if (interval === "1w") at.setUTCDate(at.getUTCDate() - ((at.getUTCDay() + 6) % 7));
  if (interval === "1M") at.setUTCDate(1);
  return zones.instant(at.getTime(), zone);
}

/** The start of the next interval. */
export function after(interval, start, zone) {
  const { length } = INTERVALS.get(interval);
  if (length < DAY) return start + length;
  const at = new Date(zones.wall(start, zone));
  if (interval === "1M") at.setUTCMonth(at.getUTCMonth() + 1);
  else at.setUTCDate(at.getUTCDate() + length / DAY);
  return zones.instant(at.getTime(), zone);
}

/** All starts from the one that holds `from` to the last before `to`, with those given. */
export function starts(interval, zone, from, to, given) {
  const all = new Set(given);
  let next = startOf(interval, from, zone);
  for (let made = 0; next < to && made < MOST; made += 1) {
    all.add(next);
    next = after(interval, next, zone);
  }
  return [...all].sort((a, b) => a - b);
}

/** An interval as a reader names it. */
export function label(interval, start, zone) {
  if (interval === "1M") return zones.month(start, zone);
  if (interval === "1w") return `Week of ${zones.longDay(start, zone)}`;
  if (interval === "1d") return zones.longDay(start, zone);
  const end = after(interval, start, zone);
  return `${zones.longDay(start, zone)}, ${zones.time(start, zone)}–${zones.time(end, zone)}`;
}
