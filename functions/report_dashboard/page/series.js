// A report's series as columns: one per key, one place per interval, zeros where nothing was.

import { starts } from "./intervals.js";

/**
 * Return { starts, span, interval, zone, columns }: the moments of the places, those between which
 * they are drawn, and for each key an array of points or nulls.
 */
export function columns(series, view, keyOf) {
  const moments = series.map(({ start }) => Date.parse(start));
  const first = Math.min(...moments);
  const last = Math.max(...moments);
  const [from, to] = view.span(first, last);
  const all = starts(view.interval, view.zone, from, to, moments);
  const places = new Map(all.map((moment, place) => [moment, place]));
  const found = new Map();
  series.forEach((point, number) => {
    const key = keyOf(point);
    if (!found.has(key)) found.set(key, Array(all.length).fill(null));
    found.get(key)[places.get(moments[number])] = point;
  });
  const { interval, zone } = view;
  return { starts: all, span: [Math.min(from, all[0]), to], interval, zone, columns: found };
}
