// What the reader chose, whole, in the query string: a URL shows the same to everyone.

import { INTERVALS } from "./intervals.js";
import * as zones from "./zones.js";

const HOUR = 3600e3;

/** Ranges that end now; their start moves in steps, so that an answer can be asked for again. */
export const RANGES = new Map([
  ["15m", { name: "15 min", span: HOUR / 4, step: HOUR / 60 }],
  ["1h", { name: "1 h", span: HOUR, step: HOUR / 60 }],
  ["24h", { name: "24 h", span: 24 * HOUR, step: HOUR / 4 }],
  ["7d", { name: "7 d", span: 7 * 24 * HOUR, step: HOUR }],
  ["30d", { name: "30 d", span: 30 * 24 * HOUR, step: HOUR }],
  ["all", { name: "All", span: null, step: null }],
  ["custom", { name: "Custom", span: null, step: null }],
]);

export const TYPES = [
  ["facebook", "top", "ad.view"],
  ["facebook", "top", "page.like"],
  ["facebook", "top", "comment"],
  ["facebook", "top", "video.view"],
  ["facebook", "bottom", "ad.click"],
  ["facebook", "bottom", "form.submission"],
  ["facebook", "bottom", "checkout.complete"],
  ["tiktok", "top", "video.view"],
  ["tiktok", "top", "like"],
  ["tiktok", "top", "share"],
  ["tiktok", "top", "comment"],
  ["tiktok", "bottom", "profile.visit"],
  ["tiktok", "bottom", "purchase"],
  ["tiktok", "bottom", "follow"],
];
export const SOURCES = new Map([
  ["facebook", "Facebook"],
  ["tiktok", "TikTok"],
]);
export const STAGES = new Map([
  ["top", "Top"],
  ["bottom", "Bottom"],
]);
export const FILTERS = ["source", "funnelStage", "eventType", "campaignId", "country"];

/** The types that remain under the chosen source and stage. */
export function typesOf({ source, funnelStage }) {
  const kept = TYPES.filter(
    ([from, stage]) => (!source || source === from) && (!funnelStage || funnelStage === stage),
  );
  return [...new Set(kept.map(([, , type]) => type))].sort();
}

const CHECKS = {
  range: (value) => RANGES.has(value),
  from: (value) => !Number.isNaN(Date.parse(`${value}Z`)),
  to: (value) => !Number.isNaN(Date.parse(`${value}Z`)),
  source: (value) => SOURCES.has(value),
  funnelStage: (value) => STAGES.has(value),
  eventType: (value) => TYPES.some(([, , type]) => type === value),
  campaignId: Boolean,
  country: Boolean,
  interval: (value) => INTERVALS.has(value),
  timezone: zones.isZone,
  refresh: (value) => value === "off",
};

export const initial = () => ({
  ...Object.fromEntries(Object.keys(CHECKS).map((name) => [name, ""])),
  range: "24h",
  timezone: zones.HERE,
});

/** Read a query string; what is not understood is left at its default. */
export function read(search) {
  const state = initial();
  for (const [name, value] of new URLSearchParams(search)) {
    if (CHECKS[name]?.(value)) state[name] = value;
  }
  if (!typesOf(state).includes(state.eventType)) state.eventType = "";
  return state;
}

export function write(state) {
  const custom = state.range === "custom";
  const said = Object.keys(CHECKS).filter(
    (name) => state[name] && (custom || !["from", "to"].includes(name)),
  );
  return `?${new URLSearchParams(said.map((name) => [name, state[name]]))}`;
}
