// Asking the store. A few questions at a time, so that the live list never waits behind a page full of them.

const AT_ONCE = 3;
const waiting = [];
let running = 0;
const known = new WeakMap();

/** What went wrong, in words for a reader; `key` is the value at fault. */
export class Failure extends Error {
  constructor(message, hint = "", key = null) {
    super(message);
    this.hint = hint;
    this.key = key;
  }
}

/** JSON from a path of ours. Throws `Failure`; an abort throws what aborts throw. */
export async function fetched(path, signal) {
  let response;
  try {
    // From the origin: the page's own address may have name and password in it, with which browsers ask for nothing.
    response = await fetch(new URL(path, location.origin), { signal, headers: { Accept: "application/json" } });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Failure("The store does not answer.", "Is it still running?");
  }
  if (response.ok) return response.json();
  if (response.status === 401) throw new Failure("The store asks who you are.", "Load the page again, and log in.");
  const told = await response.json().catch(() => ({}));
  throw new Failure(told.message ?? `The store answered ${response.status}.`, told.hint ?? "", told.key);
}

/** The query of a question over a period, with the filters and its own parameters. */
export function query(period, filters, values = {}) {
  return new URLSearchParams({ start: period.start, end: period.end, ...filters, ...values }).toString();
}

/** A question's answer: `{ rows, partial, took_ms }`. It waits for its turn, and is asked once for one signal. */
export function ask(name, asked, signal) {
  const path = `/data/questions/${name}?${asked}`;
  if (!known.has(signal)) known.set(signal, new Map());
  const answers = known.get(signal);
  if (!answers.has(path)) answers.set(path, inTurn(path, signal));
  return answers.get(path);
}

async function inTurn(path, signal) {
  if (running < AT_ONCE) running += 1;
  else await new Promise((resolve) => waiting.push(resolve));
  try {
    signal.throwIfAborted();
    return await fetched(path, signal);
  } finally {
    // The place goes to the next in the line.
    const next = waiting.shift();
    if (next) next();
    else running -= 1;
  }
}
