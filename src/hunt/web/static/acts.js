// Buttons that do something (unlock, start, complete, buy, exchange, ask): sent without leaving the page.

import { dropDrafts } from "./drafts.js";
import { toast } from "./notices.js";
import { isOwn } from "./own.js";
import { freshKey, post, SLOW_AFTER } from "./request.js";

/** @type {WeakMap<HTMLElement, string>} */
const keys = new WeakMap(); // button → the key of its unanswered act

/** @param {HTMLFormElement} form */
function fieldsOf(form) {
  return Object.fromEntries([...new FormData(form)].filter(([, value]) => value !== ""));
}

/** @param {HTMLFormElement} form @param {HTMLElement} button @param {string} address */
async function act(form, button, address) {
  if (button.getAttribute("aria-disabled") === "true") return false;
  if (!keys.has(button)) keys.set(button, freshKey());
  button.setAttribute("aria-disabled", "true");
  const slow = setTimeout(() => button.setAttribute("aria-busy", "true"), SLOW_AFTER);
  const answer = await post(address, form.id === "act" ? {} : fieldsOf(form), keys.get(button));
  clearTimeout(slow);
  if (answer.status !== 0) keys.delete(button);
  button.removeAttribute("aria-disabled");
  button.removeAttribute("aria-busy");
  if (!answer.ok) {
    toast({ text: answer.sentence, kind: "warning" });
    return false;
  }
  dropDrafts(form);
  const { done } = { ...form.dataset, ...button.dataset };
  if (done) toast({ text: done, kind: "solved" });
  return true;
}

/**
 * Makes every button with `data-api` work. `sent()` is called after each act, when the page may have to show it itself.
 * @param {() => void} sent
 */
export function startActing(sent) {
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!isOwn(event.submitter ?? form)) return;
    const address = event.submitter?.dataset.api ?? form.dataset.api;
    if (!address || form.id === "guess-form") return;
    event.preventDefault();
    if (await act(form, event.submitter ?? form, address)) sent();
  });
}
