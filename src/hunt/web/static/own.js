// Finding our own elements: what an author writes may hold any id, class and attribute.

const AUTHORS = "[data-authors]";

export const isOwn = (element) => !element.closest(AUTHORS);

/** Our own elements below `root` that match. */
export function allOwn(selector, root = document) {
  return [...root.querySelectorAll(selector)].filter(isOwn);
}

/** Our first element below `root` that matches, or undefined. */
export const own = (selector, root = document) => allOwn(selector, root)[0];

export const ownById = (id) => own(`#${CSS.escape(id)}`);
