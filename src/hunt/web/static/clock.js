// Times as the reader reads them, and countdowns by the server's clock.

import { allOwn } from "./own.js";
import { drafted, keepDraft } from "./store.js";

const RESYNC_OVER = 2_000; // a Date header has whole seconds, so smaller differences say nothing
const RELOAD_SPREAD = 3_000; // so that not everybody asks at the same moment
const RELOAD_PAUSE_AT_MOST = 60_000;
/** @type {Record<string, Intl.DateTimeFormatOptions>} */
const formats = {
  time: { hour: "numeric", minute: "2-digit" },
  date: { day: "numeric", month: "short", year: "numeric" },
  moment: { day: "numeric", month: "short", hour: "numeric", minute: "2-digit" },
};
/** @type {Map<string, Intl.DateTimeFormat>} */
const writers = new Map();
let offset = 0;

/**
 * Compares clocks: `stamp` is the server's time when it wrote the page that now arrived.
 * @param {string} stamp
 */
export function setClock(stamp) {
  const [navigation] = /** @type {PerformanceNavigationTiming[]} */ (performance.getEntriesByType("navigation"));
  // Not from performance.timeOrigin: in some browsers it lags behind by as long as the computer has slept.
  const arrived = Date.now() - (performance.now() - (navigation?.responseStart || performance.now()));
  offset = Date.parse(stamp) - arrived;
}

/**
 * Notices that the computer's clock was moved since.
 * @param {string | null} dateHeader
 */
export function resync(dateHeader) {
  const difference = Date.parse(dateHeader ?? "") - serverNow();
  if (Math.abs(difference) > RESYNC_OVER) offset += difference;
}

/** Milliseconds since 1970 on the server's clock. */
export function serverNow() {
  return Date.now() + offset;
}

/**
 * A moment in the reader's zone and language. `show` is a key of `formats`; others are like `moment`.
 * @param {string} show
 * @param {Date | number} moment
 */
export function written(show, moment) {
  const writer = writers.get(show) ?? new Intl.DateTimeFormat(undefined, formats[show] ?? formats.moment);
  writers.set(show, writer);
  return writer.format(moment);
}

/**
 * Writes every time below `root` in the reader's zone and language; a time of another day gets its date.
 * @param {ParentNode} root
 */
export function localise(root) {
  for (const element of allOwn("time[datetime]", root)) {
    const moment = new Date(element.dateTime);
    if (Number.isNaN(moment.getTime())) continue;
    const today = moment.toDateString() === new Date(serverNow()).toDateString();
    const { show = "moment" } = element.dataset;
    element.textContent = written(show === "time" && !today ? "moment" : show, moment);
    element.title = moment.toLocaleString(undefined, { dateStyle: "full", timeStyle: "long" });
  }
}

/**
 * `3:07`, `1:02:03` or `4 days 1:02:03`, rounded up to whole seconds.
 * @param {number} milliseconds
 */
export function remaining(milliseconds) {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1000));
  const days = Math.floor(seconds / 86_400);
  const [hours, minutes, rest] = [Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60, seconds % 60];
  const two = (/** @type {number} */ number) => String(number).padStart(2, "0");
  const clock = days || hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
  return days ? `${days} day${days === 1 ? "" : "s"} ${clock}` : clock;
}

/** @param {HTMLElement} element */
function draw(element) {
  const { countdown, countdownPrefix: prefix = "", countdownDone: done = "" } = element.dataset;
  const left = countdown ? Date.parse(countdown) - serverNow() : 0;
  const text = left > 0 ? prefix + remaining(left) : done;
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Draws the countdowns below `root` for this moment.
 * @param {ParentNode} root
 */
export function drawCountdowns(root) {
  for (const element of allOwn("[data-countdown-seconds]", root)) {
    element.dataset.countdown = new Date(serverNow() + 1000 * Number(element.dataset.countdownSeconds)).toISOString();
    delete element.dataset.countdownSeconds;
  }
  for (const element of allOwn("[data-countdown]", root)) draw(element);
}

/**
 * Calls `tick` each time that a second of the server's clock begins.
 * @param {() => void} tick
 */
export function eachSecond(tick) {
  tick();
  setTimeout(() => eachSecond(tick), 1000 - (serverNow() % 1000) + 5);
}

/** `look()` loads the page again once its countdown is over, also without a socket; ever more rarely where that changed nothing. */
export function startKickoff() {
  const [element] = allOwn("[data-countdown-reload]");
  if (!element) return () => {};
  const name = `kickoff:${element.dataset.countdown}`;
  const times = drafted(name) ?? 0;
  const pause = times ? Math.min(RELOAD_PAUSE_AT_MOST, 1_000 * 2 ** times) : 0;
  const due = Math.max(Date.parse(element.dataset.countdown ?? ""), times ? serverNow() : 0) + pause + RELOAD_SPREAD * Math.random();
  let done = false;
  return () => {
    if (done || !element.isConnected || serverNow() < due) return;
    done = true;
    keepDraft(name, times + 1);
    location.reload();
  };
}
