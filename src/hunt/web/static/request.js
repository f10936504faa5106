// Posting JSON to the server, and a plain sentence for everything that can go wrong.

import { resync } from "./clock.js";
import { sayLoggedOut } from "./notices.js";
import { sendJson } from "./tabs.js";

export const SLOW_AFTER = 300; // then a page says that it waits for an answer

const NOT_ABOUT_THE_LOGIN = ["not_yours", "foreign_origin"]; // codes of a 403

/** A name for one act, by which the server knows a repetition of it. */
export function freshKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** @param {string} address @param {unknown} body @param {string} key @returns {Promise<{ status: number, body: Answer | null }>} */
async function send(address, body, key) {
  const answer = await sendJson(address, body, { "idempotency-key": key });
  resync(answer.headers.get("date"));
  return { status: answer.status, body: await answer.json() };
}

/**
 * Posts, and gives `{ok, status, body, sentence}`; status 0 means that no answer came and nobody knows what happened.
 * @param {string} address
 * @param {unknown} body
 * @param {string} key
 */
export async function post(address, body, key = freshKey()) {
  const answer = await send(address, body, key).catch(() => ({ status: 0, body: null }));
  const ok = answer.status >= 200 && answer.status < 300;
  const loggedOut = answer.status === 401 || (answer.status === 403 && !NOT_ABOUT_THE_LOGIN.includes(answer.body?.code ?? ""));
  if (loggedOut) sayLoggedOut();
  return /** @type {Reply} */ ({ ok, ...answer, sentence: ok ? "" : sentence(answer, loggedOut) });
}

/** @param {{ status: number, body: Answer | null }} answer @param {boolean} loggedOut */
function sentence({ status, body }, loggedOut) {
  if (status === 0) return "The server did not answer. Trying again is safe: nothing counts twice.";
  if (loggedOut) return "You are logged out here. Log in again, then repeat this.";
  return body?.detail ?? "The server could not do this. Try again in a minute.";
}
