// Numbers as people read them, in the browser's language. Money comes and stays a decimal string.

const whole = new Intl.NumberFormat();
const short = new Intl.NumberFormat(undefined, { notation: "compact", maximumFractionDigits: 1 });
const decimal = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });
const amounts = new Intl.NumberFormat(undefined, {
  minimumFractionDigits: 2,
  maximumFractionDigits: 4,
});
const shares = new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 1 });

export const NOTHING = "–";

export const count = (number) => (number === null ? NOTHING : whole.format(number));
export const compact = (number) => short.format(number);
export const mean = (number) => (number === null ? NOTHING : decimal.format(number));
export const money = (text) => (text === null ? NOTHING : amounts.format(text));
export const percent = (rate) => (rate === null ? NOTHING : shares.format(rate));
export const things = (number, one, many = `${one}s`) =>
  `${count(number)} ${number === 1 ? one : many}`;

export function age(seconds) {
  if (seconds === null) return NOTHING;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172800) return `${decimal.format(seconds / 3600)} h`;
  return `${Math.round(seconds / 86400)} days`;
}

const PLACES = 4;

/** Add decimal strings of at most four places, exactly. */
export function sum(texts) {
  const units = texts.reduce((total, text) => total + toUnits(text), 0n);
  const digits = String(units).padStart(PLACES + 1, "0");
  return `${digits.slice(0, -PLACES)}.${digits.slice(-PLACES)}`;
}

function toUnits(text) {
  const [integer, fraction = ""] = text.split(".");
  return BigInt(integer + fraction.padEnd(PLACES, "0"));
}
