// The guess form: sends without leaving the page, keeps the text when refused, and counts down before anybody has to ask.

import { remaining, serverNow } from "./clock.js";
import { dropDraft } from "./drafts.js";
import { ownById } from "./own.js";
import { freshKey, post, SLOW_AFTER } from "./request.js";

const OWN_FOR = 5_000; // how long news about this puzzle are taken for the echo of our own guess

/** @type {string | null} */
let sending = null; // the text on its way
/** @type {{ text: string | null, key: string }} */
let pending = { text: null, key: "" }; // one key per text until it is answered, so that a retry is safe
let waitUntil = 0; // from a 429, when the fragment does not say it yet
let waited = false;
let ownUntil = 0;

/** True while news about this page's puzzle are likely the echo of a guess made here. */
export const isOwnEcho = () => sending !== null || Date.now() < ownUntil;

/** @param {HTMLFormElement} form */
function waitLeft(form) {
  const stated = form.dataset.nextGuessAt ? Date.parse(form.dataset.nextGuessAt) : 0;
  return Math.max(stated, waitUntil) - serverNow();
}

/** @param {string} kind @param {string} text */
function say(kind, text) {
  const status = ownById("guess-status");
  if (!status) return;
  status.dataset.kind = kind;
  status.textContent = text;
}

/** A new fragment says itself how long to wait; a reset by HQ counts at once. */
export function guessRenewed() {
  waitUntil = 0;
  refreshGuess();
}

/** Draws the wait and the button for this moment. */
export function refreshGuess() {
  const form = ownById("guess-form");
  if (!form) return;
  const left = waitLeft(form);
  const wait = ownById("guess-wait");
  wait.hidden = left <= 0;
  if (left > 0) wait.textContent = `Next guess in ${remaining(left)}`;
  if (waited && left <= 0) say("info", "You can guess again.");
  waited = left > 0;
  ownById("guess-button").setAttribute("aria-disabled", String(left > 0 || sending !== null));
}

/** @param {string} text */
function refusal(text) {
  if (sending !== null) return "Your guess is on its way.";
  return /[\p{L}\p{N}]/u.test(text) ? "" : "A guess needs a letter or a digit.";
}

/** @type {Record<string, (said: Answer) => string | undefined>} */
const words = {
  correct: (said) => `${said.canonical_input} is correct!`,
  incorrect: (said) => (said.duplicate ? `${said.canonical_input} was wrong before, and still is.` : `${said.canonical_input} is wrong.`),
  partial: (said) => said.response || "Keep going!",
  canned: (said) => said.response,
};

/** @param {HTMLInputElement} input @param {string} text @param {Answer} said */
function accepted(input, text, said) {
  pending = { text: null, key: "" };
  dropDraft(input);
  if (input.value === text) input.value = "";
  const { verdict = "", response = "" } = said;
  say(verdict, words[verdict]?.(said) ?? response);
  if (verdict === "correct" || verdict === "partial") ownUntil = Date.now() + OWN_FOR;
}

/** @param {HTMLInputElement} input @param {Reply} answer */
function refused(input, answer) {
  if (answer.body?.retry_after) waitUntil = serverNow() + 1000 * answer.body.retry_after;
  if (answer.status !== 0) pending = { text: null, key: "" };
  input.setAttribute("aria-invalid", "true");
  say("refused", `${answer.sentence} Your text is still here.`);
}

/** @param {HTMLFormElement} form */
async function submit(form) {
  const input = ownById("guess");
  const text = input.value;
  const why = refusal(text);
  if (why) {
    say("refused", why);
    return false;
  }
  if (pending.text !== text) pending = { text, key: freshKey() };
  sending = text;
  input.removeAttribute("aria-invalid");
  refreshGuess();
  const slow = setTimeout(say, SLOW_AFTER, "info", "Sending your guess…");
  const answer = await post(form.dataset.api ?? "", { guess: text }, pending.key);
  clearTimeout(slow);
  sending = null;
  if (answer.ok) accepted(input, text, answer.body);
  else refused(input, answer);
  refreshGuess();
  return answer.ok;
}

/**
 * Makes the guess form work. `sent()` is called after each accepted guess, when the page may have to show it itself.
 * @param {() => void} sent
 */
export function startGuessing(sent) {
  document.addEventListener("submit", async (event) => {
    if (event.target !== ownById("guess-form")) return;
    event.preventDefault();
    if (await submit(event.target)) sent();
  });
  refreshGuess();
}
