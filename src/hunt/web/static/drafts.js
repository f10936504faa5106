// Typed text survives a reload, a login and a crash of the tab.

import { allOwn, isOwn } from "./own.js";
import { drafted, forgetDrafted, keepDraft } from "./store.js";

const DRAFT = "[data-draft]";
const PREFIX = "draft:";
const team = document.body.dataset.team ?? "";
/** @param {Field} input */
const nameOf = (input) => `${PREFIX}${team}:${location.pathname}#${input.id}`;

/**
 * Forgets what was typed, because it was sent.
 * @param {Field} input
 */
export function dropDraft(input) {
  keepDraft(nameOf(input), null);
}

/**
 * Forgets all that was typed into this form.
 * @param {HTMLFormElement} form
 */
export function dropDrafts(form) {
  for (const input of allOwn(DRAFT, form)) dropDraft(input);
}

/** Brings back what was typed on this page, by this team. */
export function restoreDrafts() {
  for (const input of allOwn(DRAFT)) if (!input.value) input.value = drafted(nameOf(input)) ?? "";
}

export function startDrafts() {
  document.addEventListener("submit", ({ target, submitter }) => {
    const address = submitter?.getAttribute("formaction") ?? target.getAttribute("action");
    if (address === "/logout" && isOwn(submitter ?? target)) forgetDrafted(PREFIX);
  });
  restoreDrafts();
  document.addEventListener("input", (event) => {
    const target = /** @type {Field} */ (event.target);
    if (target.matches(DRAFT) && isOwn(target)) keepDraft(nameOf(target), target.value || null);
  });
}
