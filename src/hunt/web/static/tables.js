// Sorting and filtering of a table, kept in the address so that a view can be shared.

import { allOwn, isOwn, own } from "./own.js";

const shown = (row, filters) =>
  Object.entries(filters).every(([name, wanted]) => {
    if (!wanted) return true;
    if (name === "q") return row.textContent.toLowerCase().includes(wanted.toLowerCase());
    if (name === "kind" && wanted === "money") return row.dataset.money === "1";
    return row.dataset[name] === wanted;
  });

const keys = {
  title: (row) => row.dataset.title,
  round: (row) => Number(row.dataset.place),
  state: (row) => Number(row.dataset.rank),
  answer: (row) => row.dataset.answer,
  unlocked: (row) => row.dataset.unlocked,
  solved: (row) => row.dataset.solved,
};

const compare = (a, b) => (typeof a === "string" ? (a === "" ? 1 : 0) - (b === "" ? 1 : 0) || a.localeCompare(b) : a - b);

function query() {
  return new URLSearchParams(location.search);
}

function filtersOf(form) {
  return Object.fromEntries(new FormData(form));
}

function sortRows(table) {
  const [by, direction] = (query().get("sort") ?? "").split(".");
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const key = keys[by] ?? ((row) => Number(row.dataset.place));
  const sign = direction === "down" ? -1 : 1;
  const sorted = [...rows].sort((a, b) => sign * compare(key(a), key(b)));
  if (sorted.some((row, index) => row !== rows[index])) body.append(...sorted);
  for (const head of table.tHead.rows[0].cells) {
    if (!head.dataset.sort) continue;
    if (!head.querySelector("button")) head.replaceChildren(sortButton(head.textContent));
    if (head.dataset.sort === by) head.setAttribute("aria-sort", sign < 0 ? "descending" : "ascending");
    else head.removeAttribute("aria-sort");
  }
}

function sortButton(label) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = label;
  return button;
}

// A round that opened since the page was made becomes a choice too.
function offerRounds(form, rows) {
  const choices = form.elements.round;
  if (!choices) return;
  const known = new Set([...choices.options].map((option) => option.value));
  for (const row of rows) {
    if (known.has(row.dataset.round)) continue;
    known.add(row.dataset.round);
    choices.append(new Option(row.cells[1].textContent, row.dataset.round));
  }
}

/** Sorts and filters the tables below `root` as the address says. */
export function arrange(root) {
  for (const table of allOwn("table[data-sortable]", root)) sortRows(table);
  const form = own("[data-filters]");
  const table = form && own(`#${form.dataset.filters}`, root);
  if (!table) return;
  const rows = [...table.tBodies[0].rows];
  offerRounds(form, rows);
  const filters = filtersOf(form);
  for (const row of rows) row.hidden = !shown(row, filters);
  const found = rows.filter((row) => !row.hidden).length;
  const words = found === rows.length ? `${found} in all` : `${found} of ${rows.length}`;
  const output = form.querySelector(".filters-found");
  if (output.textContent !== words) output.textContent = words;
}

function rewrite(change) {
  const values = query();
  for (const [name, value] of Object.entries(change)) value ? values.set(name, value) : values.delete(name);
  history.replaceState(null, "", `${location.pathname}${values.size ? `?${values}` : ""}`);
  arrange(document);
}

function readAddress(form) {
  for (const [name, value] of query()) if (form.elements[name]) form.elements[name].value = value;
}

/** Makes the page's filters and column heads work. */
export function startTables() {
  const form = own("[data-filters]");
  if (form) {
    form.hidden = false;
    readAddress(form);
    form.addEventListener("input", () => rewrite(filtersOf(form)));
    form.addEventListener("submit", (event) => event.preventDefault());
  }
  document.addEventListener("click", ({ target }) => {
    const head = target.closest("th[data-sort]");
    if (!head || !isOwn(head)) return;
    const down = head.getAttribute("aria-sort") === "ascending";
    rewrite({ sort: `${head.dataset.sort}${down ? ".down" : ""}` });
  });
  arrange(document);
}
