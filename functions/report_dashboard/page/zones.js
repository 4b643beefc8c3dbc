// Time zones by their IANA names: offsets, calendar starts and texts. Moments are milliseconds.

export const HERE = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
export const ZONES = [...new Set([HERE, "UTC", ...Intl.supportedValuesOf("timeZone")])];

const clocks = new Map();

function clock(zone) {
  if (!clocks.has(zone)) {
    const parts = { year: "numeric", month: "2-digit", day: "2-digit" };
    const time = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };
    clocks.set(zone, new Intl.DateTimeFormat("en-US", { ...parts, ...time, timeZone: zone }));
  }
  return clocks.get(zone);
}

export function isZone(name) {
  try {
    return Boolean(clock(name));
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/** What a wall clock in the zone shows, as if it were UTC. */
export function wall(moment, zone) {
  const shown = {};
  for (const { type, value } of clock(zone).formatToParts(moment)) shown[type] = Number(value);
  const { year, month, day, hour, minute, second } = shown;
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

/** The moment at which a wall clock in the zone shows `shown`. */
export function instant(shown, zone) {
  const guess = shown - (wall(shown, zone) - shown);
  return guess + (shown - wall(guess, zone));
}

function text(options) {
  const formats = new Map();
  return (moment, zone) => {
    if (!formats.has(zone)) {
      formats.set(zone, new Intl.DateTimeFormat(undefined, { ...options, timeZone: zone }));
    }
    return formats.get(zone).format(moment);
  };
}

export const day = text({ month: "short", day: "numeric" });
export const longDay = text({ weekday: "short", month: "short", day: "numeric", year: "numeric" });
export const month = text({ month: "short", year: "numeric" });
export const time = text({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
export const second = text({
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});
export const moment = text({ dateStyle: "medium", timeStyle: "medium" });

/** The value of an input of type datetime-local. */
export const field = (at, zone) => new Date(wall(at, zone)).toISOString().slice(0, 19);
export const fromField = (value, zone) => instant(Date.parse(`${value}Z`), zone);
