// Typed text survives a reload, a login and a crash of the tab.

import { allOwn, isOwn } from "./own.js";
import { drafted, forgetDrafts, keepDraft } from "./store.js";

const team = document.body.dataset.team ?? "";
const nameOf = (input) => `draft:${team}:${location.pathname}#${input.id}`;

/** Forgets what was typed, because it was sent. */
export function dropDraft(input) {
  keepDraft(nameOf(input), null);
}

/** Brings back what was typed on this page, by this team. */
export function restoreDrafts() {
  for (const input of allOwn("[data-draft]")) if (!input.value) input.value = drafted(nameOf(input)) ?? "";
}

export function startDrafts() {
  document.addEventListener("submit", ({ target, submitter }) => {
    const address = submitter?.getAttribute("formaction") ?? target.getAttribute("action");
    if (address === "/logout" && isOwn(submitter ?? target)) forgetDrafts();
  });
  restoreDrafts();
  document.addEventListener("input", ({ target }) => {
    if (target.matches("[data-draft]") && isOwn(target)) keepDraft(nameOf(target), target.value || null);
  });
}
