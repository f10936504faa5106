// Typed text survives a reload, a login and a crash of the tab.

import { drafted, keepDraft } from "./store.js";

const nameOf = (input) => `draft:${location.pathname}#${input.id}`;

/** Forgets what was typed, because it was sent. */
export function dropDraft(input) {
  keepDraft(nameOf(input), null);
}

export function startDrafts() {
  for (const input of document.querySelectorAll("[data-draft]")) if (!input.value) input.value = drafted(nameOf(input)) ?? "";
  document.addEventListener("input", ({ target }) => {
    if (target.matches("[data-draft]")) keepDraft(nameOf(target), target.value || null);
  });
}
