// Periods, buckets and the ticks of a time axis. Microseconds, UTC; the present is passed in.

const SECOND = 1_000_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The periods one can choose, by their name in the address. */
export const RANGES = new Map([
  ["15m", 15 * MINUTE],
  ["1h", HOUR],
  ["6h", 6 * HOUR],
  ["24h", DAY],
  ["7d", 7 * DAY],
  ["30d", 30 * DAY],
  ["90d", 90 * DAY],
]);

const BUCKETS = [
  SECOND,
  5 * SECOND,
  10 * SECOND,
  15 * SECOND,
  30 * SECOND,
  MINUTE,
  2 * MINUTE,
  5 * MINUTE,
  10 * MINUTE,
  15 * MINUTE,
  30 * MINUTE,
  HOUR,
  2 * HOUR,
  3 * HOUR,
  6 * HOUR,
  12 * HOUR,
  DAY,
  7 * DAY,
  30 * DAY,
];
const MOST = 110;

/** The width of a bucket that gives a chart 55 to 110 of them or so. */
export function bucketFor(span) {
  return BUCKETS.find((bucket) => span / bucket <= MOST) ?? Math.ceil(span / MOST / DAY) * DAY;
}

/** The period that a state means: a range is as long as its name says and ends now. `before` is how far back the one before lies. */
export function period(state, now) {
  const span = state.range ? RANGES.get(state.range) : state.to - state.from;
  const bucket = bucketFor(span);
  const end = state.range ? now : state.to;
  const start = end - span;
  return { start, end, bucket, before: Math.ceil((end - start) / bucket) * bucket };
}

/** The starts of all buckets of a period. */
export function buckets({ start, end, bucket }) {
  const first = Math.floor(start / bucket) * bucket;
  return Array.from({ length: Math.max(1, Math.ceil((end - first) / bucket)) }, (_, index) => first + index * bucket);
}

/** The label of each tick (seconds since 1970): times of day, and the date where a day begins. */
export function ticks(seconds, step) {
  let day = null;
  return seconds.map((second) => {
    const text = new Date(second * 1000).toISOString();
    const time = step < 60 ? text.slice(11, 19) : text.slice(11, 16);
    const today = text.slice(0, 10);
    const turns = day !== null && today !== day;
    day = today;
    return step >= 86_400 || (turns && time.startsWith("00:00")) ? date(second) : time;
  });
}

function date(second) {
  return new Date(second * 1000).toLocaleDateString("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });
}

/** `2026-11-21T08:15` (UTC, as a field of a form has it) in microseconds; null for what is no time. */
export function parsed(text) {
  if (!/^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?)?$/.test(text)) return null;
  const milliseconds = Date.parse(text.length === 10 ? `${text}T00:00Z` : `${text}Z`);
  return Number.isNaN(milliseconds) ? null : milliseconds * 1000;
}

/** The inverse of `parsed`. */
export function written(microseconds) {
  const text = new Date(microseconds / 1000).toISOString().slice(0, 19);
  return text.endsWith(":00") ? text.slice(0, 16) : text;
}

/** A period in words: `21 Nov 2026, 08:00 – 09:15 UTC`. */
export function spoken({ start, end }) {
  const [from, to] = [start, end].map((each) => new Date(each / 1000));
  const days = [from, to].map((each) =>
    each.toLocaleDateString("en-GB", { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" }),
  );
  const times = [from, to].map((each) => each.toISOString().slice(11, 16));
  const last = days[0] === days[1] ? times[1] : `${days[1]}, ${times[1]}`;
  return `${days[0]}, ${times[0]} – ${last} UTC`;
}
