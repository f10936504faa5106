// Which entries of the activity log deserve a toast, and what it looks like.

import { serverNow } from "./clock.js";
import { toast } from "./notices.js";

const NEWS_FOR = 10 * 60_000; // older entries are history that was caught up with
const TOASTS_AT_ONCE = 3;

// In order of weight: when much happens at once, the first kinds are shown by name.
const icons = new Map(
  Object.entries({
    round_unlocked: "gate",
    puzzle_solved: "solved",
    puzzle_answer_bought: "solved",
    puzzle_partially_solved: "partial",
    interaction_completed: "completed",
    interaction_unlocked: "running",
    interaction_started: "running",
    hint_answered: "info",
    announcement_published: "info",
    erratum_issued: "warning",
    puzzle_unlocked: "unlocked",
    hints_unlocked: "info",
    currency_adjusted: "key",
    strong_currency_adjusted: "clue",
  }),
);
const weights = [...icons.keys()];

/**
 * Shows the news among `entries`; `echo(entry)` is true for what this page shows already.
 * @param {Entry[]} entries
 * @param {(entry: Entry) => boolean} echo
 */
export function tellNews(entries, echo) {
  const since = serverNow() - NEWS_FOR;
  const news = entries
    .filter((entry) => icons.has(entry.type) && Date.parse(entry.timestamp) > since && !echo(entry))
    .sort((a, b) => weights.indexOf(a.type) - weights.indexOf(b.type) || a.id - b.id);
  const named = news.length > TOASTS_AT_ONCE ? news.slice(0, TOASTS_AT_ONCE - 1) : news;
  for (const entry of named) toast({ text: entry.text, href: entry.href, kind: icons.get(entry.type) });
  const rest = news.length - named.length;
  if (rest) toast({ text: `${rest} more things happened`, href: "/activity", kind: "new" });
}
