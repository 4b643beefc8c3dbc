// Stacked bars over time, drawn by uPlot.

import { element } from "./elements.js";
import { label } from "./intervals.js";
import { compact } from "./numbers.js";
import { table } from "./tables.js";
import { colour } from "./theme.js";
import * as zones from "./zones.js";

const HEIGHT = 264;
const DAY = 86400;

export class TimeChart {
  #plot = null;
  #key = "";
  #model = null;
  #tip = element("div", { class: "tip", hidden: true });

  /** `select(from, to)` is called with the moments between which the reader has dragged. */
  constructor(select) {
    this.node = element("div", { class: "chart", role: "img", tabindex: "0" });
    this.node.addEventListener("keydown", (event) => this.#step(event));
    this.node.addEventListener("blur", () => this.#leave());
    this.select = select;
    new ResizeObserver(() => this.#resize()).observe(this.node);
  }

  /**
   * Draw { summary, starts, series, total, interval, zone, span }. A series is { name, tone, values,
   * texts }; `total(place)` is the text of a whole bar.
   */
  draw(model) {
    this.#model = model;
    this.node.setAttribute("aria-label", `${model.summary} Arrow keys read bar by bar.`);
    const key = JSON.stringify([model.series.map(({ tone }) => tone), model.zone, colour("ink")]);
    if (this.#plot === null || key !== this.#key) this.#build(key);
    else this.#plot.setData(this.#data());
  }

  #data() {
    const { starts, series } = this.#model;
    const sums = starts.map(() => 0);
    const stacked = series.map(({ values }) =>
      values.map((value, place) => (sums[place] += value)),
    );
    return [starts.map((start) => start / 1000), ...stacked.reverse()];
  }

  #build(key) {
    this.#plot?.destroy();
    this.#key = key;
    this.node.replaceChildren(this.#tip);
    this.#plot = new globalThis.uPlot(this.#options(), this.#data(), this.node);
  }

  #options() {
    const { zone } = this.#model;
    const paths = globalThis.uPlot.paths.bars({ size: [0.84, 56], align: 1 });
    const axis = {
      stroke: colour("muted"),
      font: `12px ${getComputedStyle(document.body).fontFamily}`,
      ticks: { show: false },
    };
    const drawn = [...this.#model.series].reverse().map(({ tone }) => ({
      paths,
      fill: colour(tone),
      stroke: colour("surface"),
      width: 1,
      points: { show: false },
    }));
    return {
      width: Math.max(200, this.node.clientWidth),
      height: HEIGHT,
      tzDate: (seconds) => globalThis.uPlot.tzDate(new Date(seconds * 1000), zone),
      legend: { show: false },
      padding: [12, 8, 0, 0],
      cursor: {
        y: false,
        points: { show: false },
        drag: { x: true, y: false, setScale: false },
        dataIdx: (plot, _series, nearest, value) =>
          nearest > 0 && value < plot.data[0][nearest] ? nearest - 1 : nearest,
      },
      scales: {
        x: { range: () => this.#model.span.map((moment) => moment / 1000) },
        y: { range: (_plot, _low, high) => [0, (high || 1) * 1.08] },
      },
      axes: [
        { ...axis, size: 44, grid: { show: false }, space: 76, values: (_plot, splits, _axis, _space, step) => ticks(splits, step, zone) },
        { ...axis, size: 52, space: 44, grid: { stroke: colour("line"), width: 1 }, values: (_plot, splits) => splits.map(compact) },
      ],
      series: [{}, ...drawn],
      hooks: {
        setCursor: [(plot) => this.#point(plot)],
        setSelect: [(plot) => this.#selected(plot)],
      },
    };
  }

  #point({ cursor, bbox, data }) {
    const place = cursor.idx;
    const model = this.#model;
    this.#tip.hidden = place === null || place === undefined || cursor.left < 0;
    if (this.#tip.hidden) return;
    const rows = model.series.map(({ name, tone, texts }) =>
      element(
        "p",
        {},
        element("span", { class: `swatch ${tone}` }),
        `${name} `,
        element("strong", {}, texts[place]),
      ),
    );
    const moment = label(model.interval, data[0][place] * 1000, model.zone);
    const total = element("p", { class: "total" }, "Total ", element("strong", {}, model.total(place)));
    this.#tip.replaceChildren(element("p", { class: "when" }, moment), ...rows.reverse(), total);
    const left = bbox.left / devicePixelRatio + cursor.left;
    const width = this.#tip.offsetWidth;
    const fits = left + 16 + width < this.node.clientWidth;
    this.#tip.style.left = `${Math.max(0, fits ? left + 16 : left - 16 - width)}px`;
  }

  #selected(plot) {
    const { left, width } = plot.select;
    if (width < 8) return;
    const [from, to] = [left, left + width].map((at) => Math.round(plot.posToVal(at, "x")) * 1000);
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    this.select(from, to);
  }

  #step(event) {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (event.key === "Escape") this.#leave();
    if (by === undefined || this.#plot === null) return;
    event.preventDefault();
    this.#tip.setAttribute("aria-live", "polite");
    const [xs] = this.#plot.data;
    const at = this.#plot.cursor.idx ?? (by > 0 ? -1 : xs.length);
    const next = Math.min(Math.max(at + by, 0), xs.length - 1);
    this.#plot.setCursor({ left: this.#plot.valToPos(xs[next], "x") + 1, top: 0 });
  }

  #leave() {
    this.#plot?.setCursor({ left: -10, top: -10 });
  }

  #resize() {
    if (this.#plot === null || this.node.clientWidth === 0) return;
    this.#plot.setSize({ width: this.node.clientWidth, height: HEIGHT });
  }
}

/** The same figures as a table. */
export function timetable(caption, { starts, series, total, interval, zone }) {
  const heads = ["Interval", ...series.map(({ name }) => name), "Total"];
  const rows = starts.map((start, place) => [
    label(interval, start, zone),
    ...series.map(({ texts }) => texts[place]),
    total(place),
  ]);
  return table(caption, heads, rows);
}

/** Texts of moments in seconds that are `step` apart; a time's first of a day names the day. */
function ticks(splits, step, zone) {
  let shown = "";
  return splits.map((seconds) => {
    const moment = seconds * 1000;
    if (step >= 28 * DAY) return zones.month(moment, zone);
    const day = zones.day(moment, zone);
    if (step >= DAY) return day;
    const first = day !== shown;
    shown = day;
    return first ? `${zones.time(moment, zone)}\n${day}` : zones.time(moment, zone);
  });
}
