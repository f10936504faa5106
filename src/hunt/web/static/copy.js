// Copying for a sheet: answers, tables, a whole puzzle.

import { toast } from "./notices.js";
import { allOwn, isOwn, ownById } from "./own.js";

const BUTTONS = "[data-copy], [data-copy-from], [data-copy-table]";

/**
 * The way that needs no secure context and copies as a person would, rich and plain.
 * @param {Node} element
 */
function copySelected(element) {
  const selection = getSelection();
  if (!selection) return false;
  const before = selection.rangeCount ? selection.getRangeAt(0) : null;
  selection.selectAllChildren(element);
  const done = document.execCommand("copy");
  selection.removeAllRanges();
  if (before) selection.addRange(before);
  return done;
}

/**
 * Text, and HTML for programs that take it: both are said outright, because browsers make different texts of a selection.
 * @param {string} text
 * @param {string=} html
 */
function copyAs(text, html) {
  const put = (/** @type {ClipboardEvent} */ event) => {
    event.preventDefault();
    event.clipboardData?.setData("text/plain", text);
    if (html) event.clipboardData?.setData("text/html", html);
  };
  const carrier = document.createElement("pre"); // some browsers copy nothing where nothing is selected
  carrier.className = "visually-hidden";
  carrier.textContent = text;
  document.body.append(carrier);
  document.addEventListener("copy", put, { capture: true, once: true });
  const done = copySelected(carrier);
  document.removeEventListener("copy", put, { capture: true });
  carrier.remove();
  return done;
}

/**
 * A sheet takes what begins like this for a formula.
 * @param {string} words
 */
const asText = (words) => (/^[=+\-@]/.test(words) ? `'${words}` : words);

/** @param {HTMLElement} cell */
function cellText(cell) {
  return asText((allOwn("a, .ui-answer, time", cell)[0] ?? cell).textContent.trim().replace(/\s+/g, " "));
}

/** @param {HTMLTableElement} table */
function copyRows(table) {
  const rows = [...table.rows].filter((row) => !row.hidden).map((row) => [...row.cells].map(cellText));
  const made = document.createElement("table");
  for (const cells of rows) {
    const row = made.insertRow();
    for (const words of cells) row.insertCell().textContent = words;
  }
  return copyAs(rows.map((cells) => cells.join("\t")).join("\n"), made.outerHTML);
}

/** @param {DOMStringMap} data */
function copied({ copy = "", copyFrom, copyTable }) {
  if (copyTable) return copyRows(/** @type {HTMLTableElement} */ (ownById(copyTable)));
  if (copyFrom) return copySelected(/** @type {HTMLElement} */ (ownById(copyFrom)));
  return copyAs(copy);
}

/**
 * Makes every copy button below `root` show; without JavaScript they stay hidden.
 * @param {ParentNode} root
 */
export function showCopyButtons(root) {
  for (const button of allOwn(BUTTONS, root)) button.hidden = false;
}

export function startCopying() {
  document.addEventListener("click", ({ target }) => {
    const button = /** @type {HTMLElement | null} */ (target.closest(BUTTONS));
    if (!button || !isOwn(button)) return;
    const done = copied(button.dataset);
    toast(done ? { text: "Copied.", kind: "copy" } : { text: "This browser does not let a page copy.", kind: "warning" });
  });
}
