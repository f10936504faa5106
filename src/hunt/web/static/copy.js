// Copying for a sheet: answers, tables, a whole puzzle.

import { toast } from "./notices.js";
import { allOwn, isOwn, ownById } from "./own.js";

// The way that needs no secure context and copies as a person would, rich and plain.
function copySelected(element) {
  const selection = getSelection();
  const before = selection.rangeCount ? selection.getRangeAt(0) : null;
  selection.selectAllChildren(element);
  const done = document.execCommand("copy");
  selection.removeAllRanges();
  if (before) selection.addRange(before);
  return done;
}

function copyText(text) {
  const carrier = document.createElement("pre");
  carrier.className = "visually-hidden";
  carrier.textContent = text;
  document.body.append(carrier);
  const done = copySelected(carrier);
  carrier.remove();
  return done;
}

function tableText(table) {
  const rows = [...table.rows].filter((row) => !row.hidden);
  return rows.map((row) => [...row.cells].map((cell) => (cell.querySelector("a, .ui-answer, time") ?? cell).textContent.trim().replace(/\s+/g, " ")).join("\t")).join("\n");
}

function copied({ copy, copyFrom, copyTable }) {
  if (copyTable) return copyText(tableText(ownById(copyTable)));
  if (copyFrom) return copySelected(ownById(copyFrom));
  return copyText(copy);
}

/** Makes every copy button below `root` show; without JavaScript they stay hidden. */
export function showCopyButtons(root) {
  for (const button of allOwn("[data-copy], [data-copy-from], [data-copy-table]", root)) button.hidden = false;
}

export function startCopying() {
  document.addEventListener("click", ({ target }) => {
    const button = target.closest("[data-copy], [data-copy-from], [data-copy-table]");
    if (!button || !isOwn(button)) return;
    const done = copied(button.dataset);
    toast(done ? { text: "Copied.", kind: "copy" } : { text: "This browser does not let a page copy.", kind: "warning" });
  });
}
