// "New" marks: on what was unlocked since this browser first saw the hunt, until it was opened.

import { allOwn } from "./own.js";
import { remember, remembered } from "./store.js";

const VISITED_AT_MOST = 400;

/** The marks of one team in this browser. `epoch` is the log id that the page stands at. */
export class Seen {
  constructor(team, epoch) {
    this.key = `seen:${team}`;
    const { base = epoch, news = epoch, visited = [] } = remembered(this.key) ?? {};
    const restarted = base > epoch; // the log is younger than what we remember: it is another hunt's
    Object.assign(this, restarted ? { base: epoch, news: epoch, visited: [] } : { base, news, visited });
    this.#save();
  }

  /** The page at `path` is open, so it is not new any more. */
  visit(path) {
    if (this.visited.includes(path)) return;
    this.visited = [...this.visited, path].slice(-VISITED_AT_MOST);
    this.#save();
  }

  /** All news up to `epoch` were in front of the reader. */
  readNews(epoch) {
    if (epoch <= this.news) return;
    remember(this.key, { base: this.base, news: epoch, visited: this.visited });
  }

  /** Shows the marks below `root` that apply. */
  mark(root) {
    for (const element of allOwn("[data-unseen]", root)) {
      const { unseen, unseenHref } = element.dataset;
      element.hidden = Number(unseen) <= this.base || this.visited.includes(unseenHref);
    }
    for (const element of allOwn("[data-unseen-news]", root)) {
      element.hidden = Number(element.dataset.unseenNews) <= this.news;
    }
  }

  #save() {
    remember(this.key, { base: this.base, news: this.news, visited: this.visited });
  }
}
