// The switch between day and night; theme.js has applied the choice before the first paint.

import { ownById } from "./own.js";
import { heard, remember, remembered } from "./store.js";

const KEY = "theme";

/** @param {string} chosen */
function apply(chosen) {
  const root = document.documentElement;
  if (chosen === "auto") delete root.dataset.theme;
  else root.dataset.theme = chosen;
  for (const input of ownById("theme").querySelectorAll("input")) input.checked = input.value === chosen;
}

/** Shows the switch. A choice reaches the other windows of this browser too. */
export function startThemes() {
  const switcher = ownById("theme");
  switcher.hidden = false;
  apply(remembered(KEY) ?? "auto");
  switcher.addEventListener("change", (event) => {
    const { value } = /** @type {HTMLInputElement} */ (event.target);
    remember(KEY, value === "auto" ? null : value);
    apply(value);
  });
  heard(KEY, (chosen) => apply(chosen ?? "auto"));
}
