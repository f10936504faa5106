// Finding our own elements: what an author writes may hold any id, class and attribute.

const AUTHORS = "[data-authors]";

/** @param {Element} element */
export const isOwn = (element) => !element.closest(AUTHORS);

/**
 * Our own elements below `root` that match.
 * @template {string} S
 * @param {S} selector
 * @param {ParentNode} root
 */
export function allOwn(selector, root = document) {
  return /** @type {Found<S>[]} */ ([...root.querySelectorAll(selector)].filter(isOwn));
}

/**
 * Our first element below `root` that matches, or undefined.
 * @template {string} S
 * @param {S} selector
 * @param {ParentNode} root
 * @returns {Found<S> | undefined}
 */
export const own = (selector, root = document) => allOwn(selector, root)[0];

/** @template {keyof Ids & string} I @param {I} id */
export const ownById = (id) => /** @type {Ids[I]} */ (own(`#${CSS.escape(id)}`));
