// Values as people read them: separators, units, UTC. Pure functions; no document.

const COUNT = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 1 });
const WHOLE = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 0 });
const COUNTRIES = new Intl.DisplayNames(["en-GB"], { type: "region", fallback: "none" });
// What would hide itself, turn text around, or drive a terminal that it is copied to.
const HIDDEN =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/g;
const NONE = "–";
// Differences below these are shown but not called good or bad.
const STEADY_PERCENT = 5;
const STEADY_POINTS = 0.5;
// What became this many times as much as it was is new, and no multiple of a number by chance.
const NEW = 100;

/** Text with every character that would hide or turn text around shown as its escape. */
export function visible(text) {
  return String(text).replace(HIDDEN, (each) => {
    const code = each.codePointAt(0).toString(16);
    return code.length <= 2 ? `\\x${code.padStart(2, "0")}` : `\\u${code.padStart(4, "0")}`;
  });
}

/** The beginning of a text, for a list; whole characters only. */
export function shortened(text, most = 300) {
  if (text.length <= most) return text;
  const cut = text.slice(0, most);
  return (/[\ud800-\udbff]$/.test(cut) ? cut.slice(0, -1) : cut) + "…";
}

function scaled(value, steps, names, digits) {
  let index = 0;
  while (index < names.length - 1 && Math.abs(value) >= steps) {
    value /= steps;
    index += 1;
  }
  const shown =
    index === 0 ? WHOLE.format(value) : value.toFixed(Math.abs(value) < 10 ? digits : Math.abs(value) < 100 ? 1 : 0);
  return `${shown} ${names[index]}`;
}

function duration(ms) {
  const size = Math.abs(ms);
  if (size < 10) return `${ms.toFixed(size === 0 ? 0 : size < 1 ? 2 : 1)} ms`;
  if (size < 1000) return `${ms.toFixed(0)} ms`;
  return seconds(ms / 1000);
}

function seconds(value) {
  const size = Math.abs(value);
  if (size < 1) return duration(value * 1000);
  if (size < 100) return `${value.toFixed(size < 10 ? 2 : 1)} s`;
  if (Math.round(size) < 3600) return parts(Math.round(value), 60, "min", "s");
  if (size < 172_800) return parts(Math.round(value / 60), 60, "h", "min");
  return `${COUNT.format(value / 86_400)} days`;
}

function parts(value, size, large, small) {
  return `${Math.floor(value / size)} ${large} ${value % size} ${small}`;
}

/** One value by its unit: count, percent (0 to 100), ms, s, min, bytes, time (microseconds) or text. */
export function format(value, unit) {
  if (value === null || value === undefined || value === "") return NONE;
  switch (unit) {
    case "count":
      return COUNT.format(value);
    case "percent":
      return value === 0 ? "0 %" : `${value.toFixed(Math.abs(value) < 10 ? 2 : 1)} %`;
    case "ms":
      return duration(value);
    case "s":
      return seconds(value);
    case "min":
      return seconds(value * 60);
    case "bytes":
      return scaled(value, 1000, ["B", "kB", "MB", "GB", "TB", "PB"], 2);
    case "time":
      return moment(value);
    default:
      return visible(typeof value === "string" ? value : JSON.stringify(value));
  }
}

/** The same, short enough for an axis. */
export function tick(value, unit) {
  if (unit === "count" && value >= 1e6) return `${COUNT.format(value / 1e6)}M`;
  if (unit === "count") return value < 10_000 ? COUNT.format(value) : `${COUNT.format(value / 1000)}k`;
  if (unit === "percent") return `${COUNT.format(value)} %`;
  if (unit === "ms") return value >= 1000 ? `${COUNT.format(value / 1000)} s` : `${COUNT.format(value)} ms`;
  return format(value, unit);
}

/** Microseconds since 1970 as `2026-11-21 08:15:02`, in UTC; a day alone where it is one. */
export function moment(microseconds) {
  const text = iso(microseconds);
  return text.endsWith("00:00:00.000Z") ? text.slice(0, 10) : text.slice(0, 19).replace("T", " ");
}

/** The time of day with milliseconds, in UTC. */
export function clock(microseconds) {
  return iso(microseconds).slice(11, 23);
}

function iso(microseconds) {
  const date = new Date(microseconds / 1000);
  return Number.isNaN(date.getTime()) ? "" : date.toISOString();
}

/** How a value differs from the one before: `+12 %`, and whether that is good. `better` is "more", "less" or "". */
export function change(now, before, better, unit = "count") {
  if (typeof now !== "number" || typeof before !== "number") return { text: "", tone: "" };
  if (unit === "percent") {
    const points = now - before;
    if (Math.abs(points) < 0.05) return { text: "no change", tone: "" };
    return toned(
      points,
      `${sign(points)}${Math.abs(points).toFixed(1)} points`,
      Math.abs(points) < STEADY_POINTS ? "" : better,
    );
  }
  if (now >= NEW * before) return now === 0 ? { text: "no change", tone: "" } : toned(now, "new", better);
  const percent = ((now - before) / before) * 100;
  const size = Math.abs(percent);
  if (size < 0.5) return { text: "no change", tone: "" };
  const text = size >= 1000 ? `×${WHOLE.format(now / before)}` : `${sign(percent)}${size.toFixed(0)} %`;
  return toned(percent, text, size < STEADY_PERCENT ? "" : better);
}

/** Whether the overview of the period before is something to compare with: a few requests are not. */
export function comparable(now, before) {
  return (now?.requests ?? 0) < NEW * (before?.requests ?? 0);
}

function sign(value) {
  return value < 0 ? "−" : "+";
}

function toned(difference, text, better) {
  if (better === "") return { text, tone: "" };
  return { text, tone: difference > 0 === (better === "more") ? "good" : "bad" };
}

/** `page_views` as `Page views`, `p95_ms` as `p95`, `hit_percent` as `Hit rate`; the unit stands with the values. */
export function label(name) {
  if (name === "percent") return "Share";
  if (name === "os") return "OS";
  const words = name
    .replace(/_(ms|s|min|bytes)$/, "")
    .replace(/_percent$/, " rate")
    .replaceAll("_", " ");
  return /^p\d\d\b/.test(words) ? words : words.charAt(0).toUpperCase() + words.slice(1);
}

/** `DE` as `Germany`; the code itself where there is no name. */
export function country(code) {
  try {
    return COUNTRIES.of(code) ?? visible(code);
  } catch {
    return visible(code);
  }
}
