// Posting JSON to the server, and a plain sentence for everything that can go wrong.

import { resync } from "./clock.js";
import { sayLoggedOut } from "./notices.js";

const PATIENCE = 15_000;

const NOT_ABOUT_THE_LOGIN = ["not_yours", "foreign_origin"]; // codes of a 403

/** A name for one act, by which the server knows a repetition of it. */
export function freshKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function send(address, body, key) {
  const headers = { "content-type": "application/json", "idempotency-key": key };
  const answer = await fetch(address, { method: "POST", headers, body: JSON.stringify(body), signal: AbortSignal.timeout(PATIENCE) });
  resync(answer.headers.get("date"));
  return { status: answer.status, body: await answer.json() };
}

/** Posts, and gives `{ok, status, body, sentence}`; status 0 means that no answer came and nobody knows what happened. */
export async function post(address, body, key = freshKey()) {
  const answer = await send(address, body, key).catch(() => ({ status: 0, body: null }));
  const ok = answer.status >= 200 && answer.status < 300;
  const loggedOut = answer.status === 401 || (answer.status === 403 && !NOT_ABOUT_THE_LOGIN.includes(answer.body?.code));
  if (loggedOut) sayLoggedOut();
  return { ok, ...answer, sentence: ok ? "" : sentence(answer, loggedOut) };
}

function sentence({ status, body }, loggedOut) {
  if (status === 0) return "The server did not answer. Trying again is safe: nothing counts twice.";
  if (loggedOut) return "You are logged out here. Log in again, then repeat this.";
  return body?.detail ?? "The server could not do this. Try again in a minute.";
}
