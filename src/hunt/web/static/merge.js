// Merging a fragment into the page so that nothing jumps: scroll, focus, caret, open menus and typed text stay.

import { own, ownById } from "./own.js";
import { Idiomorph } from "./vendor/idiomorph.min.js";

const KEPT_ATTRIBUTES = new Set(["open"]);

const callbacks = {
  beforeNodeMorphed: (/** @type {Node} */ old) => !(old instanceof Element && old.hasAttribute("data-keep")),
  beforeAttributeUpdated: (/** @type {string} */ name) => !KEPT_ATTRIBUTES.has(name),
  afterNodeAdded: (/** @type {Node} */ node) => {
    if (node instanceof Element && node.hasAttribute("data-row")) node.classList.add("ui-arrived");
    if (node instanceof Element && node.hasAttribute("data-glow")) node.classList.add("ui-glows");
  },
};

/** @param {string} html */
function parsed(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content;
}

/**
 * Whoever was in something that vanished is left at its heading, not at the top of the page.
 * @param {Element} region
 * @param {() => void} merge
 */
function keepPlace(region, merge) {
  const before = document.activeElement;
  const inside = before && region.contains(before) ? before : null;
  merge();
  if (!inside || inside.isConnected) return;
  const landing = own("[data-glow]", region) ?? ownById("main");
  landing.focus({ preventScroll: true });
}

/**
 * Merges `html` into the live element. `prepare(root)` dresses the new content first (times, marks), so that dressing
 * never shows as a change. With `data-parts` each top-level element goes where its id stands on the page.
 * @param {HTMLElement} live
 * @param {string} html
 * @param {(root: ParentNode) => void} prepare
 */
export function merge(live, html, prepare) {
  const fresh = parsed(html);
  prepare(fresh);
  keepPlace(live, () => {
    if (!("parts" in live.dataset)) {
      Idiomorph.morph(live, [...fresh.childNodes], { morphStyle: "innerHTML", callbacks });
      return;
    }
    for (const part of [...fresh.children]) {
      const old = ownById(part.id);
      if (old) Idiomorph.morph(old, part, { morphStyle: "outerHTML", callbacks });
    }
  });
}
