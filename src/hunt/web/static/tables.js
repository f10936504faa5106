// Sorting and filtering of a table, kept in the address so that a view can be shared.

import { allOwn, isOwn, own } from "./own.js";

const FILTERS = "form[data-filters]";

/** @type {(row: HTMLTableRowElement, filters: Filters) => boolean} */
const shown = (row, filters) =>
  Object.entries(filters).every(([name, wanted]) => {
    if (!wanted) return true;
    if (name === "q") return row.textContent.toLowerCase().includes(wanted.toLowerCase());
    if (name === "kind" && wanted === "money") return row.dataset.money === "1";
    return row.dataset[name] === wanted;
  });

/** @type {Record<string, (row: HTMLTableRowElement) => string | number>} */
const keys = {
  title: (row) => row.dataset.title ?? "",
  round: (row) => Number(row.dataset.place),
  state: (row) => Number(row.dataset.rank),
  answer: (row) => row.dataset.answer ?? "",
  unlocked: (row) => row.dataset.unlocked ?? "",
  solved: (row) => row.dataset.solved ?? "",
};

/** @type {(a: string | number, b: string | number) => number} */
const compare = (a, b) => {
  if (typeof a === "number" || typeof b === "number") return Number(a) - Number(b);
  return (a === "" ? 1 : 0) - (b === "" ? 1 : 0) || a.localeCompare(b);
};

function query() {
  return new URLSearchParams(location.search);
}

/** @param {HTMLFormElement} form */
function filtersOf(form) {
  return /** @type {Filters} */ (Object.fromEntries(new FormData(form)));
}

/** @param {HTMLTableElement} table */
function sortRows(table) {
  const [by, direction] = (query().get("sort") ?? "").split(".");
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const key = keys[by] ?? keys.round;
  const sign = direction === "down" ? -1 : 1;
  const sorted = [...rows].sort((a, b) => sign * compare(key(a), key(b)));
  if (sorted.some((row, index) => row !== rows[index])) body.append(...sorted);
  for (const head of table.tHead?.rows[0].cells ?? []) {
    if (!head.dataset.sort) continue;
    if (!head.querySelector("button")) head.replaceChildren(sortButton(head.textContent));
    if (head.dataset.sort === by) head.setAttribute("aria-sort", sign < 0 ? "descending" : "ascending");
    else head.removeAttribute("aria-sort");
  }
}

/** @param {string} label */
function sortButton(label) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = label;
  return button;
}

/**
 * A round that opened since the page was made becomes a choice too.
 * @param {HTMLFormElement} form
 * @param {HTMLTableRowElement[]} rows
 */
function offerRounds(form, rows) {
  const choices = form.elements.namedItem("round");
  if (!(choices instanceof HTMLSelectElement)) return;
  const known = new Set([...choices.options].map((option) => option.value));
  for (const row of rows) {
    const { round = "" } = row.dataset;
    if (known.has(round)) continue;
    known.add(round);
    choices.append(new Option(row.cells[1].textContent, round));
  }
}

/**
 * Sorts and filters the tables below `root` as the address says.
 * @param {ParentNode} root
 */
export function arrange(root) {
  for (const table of allOwn("table[data-sortable]", root)) sortRows(table);
  const form = own(FILTERS);
  const table = form && own(`table#${form.dataset.filters}`, root);
  if (!table) return;
  const rows = [...table.tBodies[0].rows];
  offerRounds(form, rows);
  const filters = filtersOf(form);
  for (const row of rows) row.hidden = !shown(row, filters);
  const found = rows.filter((row) => !row.hidden).length;
  const words = found === rows.length ? `${found} in all` : `${found} of ${rows.length}`;
  const output = form.querySelector(".filters-found");
  if (output && output.textContent !== words) output.textContent = words;
}

/** @param {Filters} change */
function rewrite(change) {
  const values = query();
  for (const [name, value] of Object.entries(change)) value ? values.set(name, value) : values.delete(name);
  history.replaceState(null, "", `${location.pathname}${values.size ? `?${values}` : ""}`);
  arrange(document);
}

/** @param {HTMLFormElement} form */
function readAddress(form) {
  for (const [name, value] of query()) {
    const field = form.elements.namedItem(name);
    if (field instanceof HTMLInputElement || field instanceof HTMLSelectElement) field.value = value;
  }
}

/** Makes the page's filters and column heads work. */
export function startTables() {
  const form = own(FILTERS);
  if (form) {
    form.hidden = false;
    readAddress(form);
    form.addEventListener("input", () => rewrite(filtersOf(form)));
    form.addEventListener("submit", (event) => event.preventDefault());
  }
  document.addEventListener("click", ({ target }) => {
    const head = /** @type {HTMLElement | null} */ (target.closest("th[data-sort]"));
    if (!head || !isOwn(head)) return;
    const down = head.getAttribute("aria-sort") === "ascending";
    rewrite({ sort: `${head.dataset.sort}${down ? ".down" : ""}` });
  });
  arrange(document);
}
