// Puts the page together: the state in the URL, the filters, the cards, and their refreshing.

import { byId } from "./elements.js";
import { Events } from "./events.js";
import { Filters } from "./filters.js";
import { Funnel } from "./funnel.js";
import { ConversionHeadline, EventsHeadline, RevenueHeadline } from "./headlines.js";
import { people } from "./people.js";
import { Pipeline } from "./pipeline.js";
import { Ranking } from "./ranking.js";
import { Refresher } from "./refresher.js";
import { Refusal, Reports } from "./reports.js";
import { Revenue } from "./revenue.js";
import { read, write } from "./state.js";
import { SignIn } from "./signin.js";
import { themeButton } from "./theme.js";
import { View } from "./view.js";
import * as zones from "./zones.js";

const WEEK = 7 * 86400e3;

const reports = new Reports();
let state = read(location.search);
const shown = new Map();

const zoom = (from, to) => {
  const [start, end] = [from, to].map((moment) => zones.field(moment, state.timezone));
  change({ ...state, range: "custom", from: start, to: end });
};

const events = new Events(zoom);
const revenue = new Revenue(zoom);
const funnel = new Funnel();
const parts = [
  new EventsHeadline("events-total", "Events", events),
  new RevenueHeadline("revenue-total", "Revenue", revenue),
  new ConversionHeadline("conversion", "Conversion", funnel),
  events,
  funnel,
  revenue,
  new Ranking("items", "Revenue by item", "purchasedItem", "item", "tiktok-bottom"),
  new Ranking("campaigns-ranked", "Revenue by campaign", "campaignId", "campaign", "facebook-bottom"),
  ...people(),
  new Pipeline(),
];

const refresher = new Refresher(work, state.refresh === "off");
const filters = new Filters(change, suggest);
const signIn = new SignIn(() => refresher.now());

/** Ask every question once and let each part draw its answer; see Refresher. */
async function work(signal) {
  if (signIn.asking) return null;
  document.body.classList.add("asking");
  try {
    const view = new View(state, Date.now(), await extent(signal));
    const asked = new Map();
    const ask = (url) => asked.get(url) ?? asked.set(url, reports.ask(url, signal)).get(url);
    const failures = await Promise.all(parts.map((part) => fill(part, view, ask, signal)));
    if (failures.some((failure) => failure?.status === 401)) signIn.ask();
    // What this reader may not see is no reason to ask the rest more seldom.
    const failed = failures.filter((failure) => failure !== null && failure.status !== 403);
    return failed.length ? Math.max(...failed.map(({ retryAfter }) => retryAfter || 0)) : null;
  } finally {
    if (!signal.aborted) document.body.classList.remove("asking");
  }
}

async function fill(part, view, ask, signal) {
  const url = part.url(view);
  part.card.link(part.card.report ? part.url(view, { format: "csv" }) : null);
  try {
    const answer = await ask(url);
    await part.prepare?.(signal);
    if (signal.aborted) return null;
    shown.set(part, [answer, view]);
    part.draw(answer, view);
  } catch (error) {
    if (signal.aborted) return null;
    const refusal = error instanceof Refusal ? error : fault(error);
    shown.delete(part);
    part.card.fail(refusal, () => refresher.now());
    return refusal;
  }
  return null;
}

/** A mistake of the page's own: told to the console as well, and no reason to stop the others. */
function fault(error) {
  reportError(error);
  return new Refusal("This card cannot be drawn", "The browser's console says why.");
}

/** The first and last moment of the data, where the range has no start; null if unknown. */
async function extent(signal) {
  const view = new View(state, Date.now(), null);
  if (view.from !== null) return null;
  const question = { groupBy: "source", interval: "1w", timezone: "UTC" };
  try {
    const { series } = await reports.ask(view.url("events", question), signal);
    const starts = (series ?? []).map(({ start }) => Date.parse(start));
    return starts.length ? [Math.min(...starts), Math.max(...starts) + WEEK] : null;
  } catch (error) {
    if (error instanceof Refusal) return null; // the cards ask the same report and say why
    throw error;
  }
}

/** The values of a dimension, largest first, for an input's list; none if they cannot be had. */
async function suggest(dimension) {
  const url = new View(state, Date.now(), null).url("events", { groupBy: dimension, limit: 500 }, true);
  try {
    const { groups } = await reports.ask(url, new AbortController().signal);
    return groups.map((group) => group[dimension]).filter((value) => value !== null);
  } catch (error) {
    if (error instanceof Refusal) return [];
    throw error;
  }
}

function change(next) {
  state = next;
  const search = write(state);
  if (search !== location.search) history.pushState(null, "", search);
  show();
  refresher.now();
}

function show() {
  filters.show(state);
  byId("zone").textContent = state.timezone;
  const button = byId("refresh");
  button.setAttribute("aria-pressed", String(!refresher.paused));
  button.textContent = refresher.paused ? "Auto-refresh is off" : "Auto-refresh";
}

byId("cards").append(...parts.map((part) => part.card.node));
themeButton(() => {
  for (const [part, [answer, view]] of shown) part.draw(answer, view);
});
byId("refresh").addEventListener("click", () => {
  refresher.pause(!refresher.paused);
  state = { ...state, refresh: refresher.paused ? "off" : "" };
  history.replaceState(null, "", write(state));
  show();
});
addEventListener("popstate", () => {
  state = read(location.search);
  refresher.pause(state.refresh === "off");
  show();
  refresher.now();
});
history.replaceState(null, "", write(state));
show();
refresher.now();
