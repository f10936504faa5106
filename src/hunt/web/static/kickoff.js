// A countdown's page loads again when it is over, whether or not a socket brings the news.

import { serverNow } from "./clock.js";
import { allOwn } from "./own.js";
import { drafted, keepDraft } from "./store.js";

const SPREAD = 3_000; // so that not everybody asks at the same moment
const LONGEST = 60_000;

/** `look()` loads the page again once its countdown is over; ever more rarely where that changed nothing. */
export function startKickoff() {
  const [element] = allOwn("[data-countdown-reload]");
  if (!element) return () => {};
  const name = `kickoff:${element.dataset.countdown}`;
  const times = drafted(name) ?? 0;
  const pause = times ? Math.min(LONGEST, 1_000 * 2 ** times) : 0;
  const due = Math.max(Date.parse(element.dataset.countdown), times ? serverNow() : 0) + pause + SPREAD * Math.random();
  let done = false;
  return () => {
    if (done || !element.isConnected || serverNow() < due) return;
    done = true;
    keepDraft(name, times + 1);
    location.reload();
  };
}
