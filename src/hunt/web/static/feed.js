// The page's end of the line: a SharedWorker with one socket for all tabs, or a line of its own where there is none.

import { addressOf, openLine } from "./tabs.js";

const WORKER_WITHIN = 4_000;
export const AWAKE = "hunt:awake"; // the event of a page that is shown again as it was left

/** @param {(message: ToTab) => void} hear */
function ownLine(hear) {
  const receive = openLine(addressOf(location), (_, message) => hear(message));
  return (/** @type {FromTab} */ message) => receive("page", message);
}

/**
 * Gives `speak`, or throws where there are no shared workers; `failed` is called when there are, but it does not come up.
 * @param {string} team
 * @param {(message: ToTab) => void} hear
 * @param {() => void} failed
 */
function sharedLine(team, hear, failed) {
  const worker = new SharedWorker(new URL("worker.js", import.meta.url), { type: "module", name: `hunt-${team}` });
  const deadline = setTimeout(failed, WORKER_WITHIN);
  worker.onerror = failed;
  worker.port.onmessage = ({ data }) => {
    clearTimeout(deadline);
    if (data.type !== "here") hear(data);
  };
  return (/** @type {FromTab} */ message) => worker.port.postMessage(message);
}

/**
 * Connects this tab. `subs()` gives what it wants and has now; `hear(message)` takes what comes. Gives `renew`, which asks
 * for what is new where the line does not bring it by itself.
 * @param {string} team
 * @param {() => Wanted[]} subs
 * @param {(message: ToTab) => void} hear
 */
export function connect(team, subs, hear) {
  /** @type {((message: FromTab) => void) | undefined} */
  let speak;
  let own = false;
  const attach = () => speak?.({ type: "attach", subs: subs() });
  const fallBack = () => {
    if (own) return;
    own = true;
    speak?.({ type: "detach" });
    speak = ownLine(hear);
    attach();
  };
  try {
    speak = sharedLine(team, (message) => own || hear(message), fallBack);
    attach();
  } catch {
    fallBack();
  }
  addEventListener("pagehide", () => speak?.({ type: "detach" }));
  document.addEventListener(AWAKE, attach);
  addEventListener("online", () => speak?.({ type: "wake" }));
  document.addEventListener("visibilitychange", () => document.hidden || speak?.({ type: "wake" }));
  return () => speak?.({ type: "wake" });
}
