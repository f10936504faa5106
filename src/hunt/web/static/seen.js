// "New" marks: on what was unlocked since this browser first saw the hunt, until it was opened.

import { allOwn } from "./own.js";
import { remember, remembered } from "./store.js";

const VISITED_AT_MOST = 400;

/** The marks of one team in this browser. `epoch` is the log id that the page stands at. */
export class Seen {
  /** @param {string} team @param {number} epoch */
  constructor(team, epoch) {
    this.key = `seen:${team}`;
    const { base = epoch, news = epoch, visited = [] } = remembered(this.key) ?? {};
    const restarted = base > epoch; // the log is younger than what we remember: it is another hunt's
    /** @type {number} */
    this.base = restarted ? epoch : base;
    /** @type {number} */
    this.news = restarted ? epoch : news;
    /** @type {string[]} */
    this.visited = restarted ? [] : visited;
    this.#save();
  }

  /**
   * The page at `path` is open, so it is not new any more.
   * @param {string} path
   */
  visit(path) {
    if (this.visited.includes(path)) return;
    this.visited = [...this.visited, path].slice(-VISITED_AT_MOST);
    this.#save();
  }

  /**
   * All news up to `epoch` were in front of the reader.
   * @param {number} epoch
   */
  readNews(epoch) {
    if (epoch <= this.news) return;
    this.#save(epoch);
  }

  /**
   * Shows the marks below `root` that apply.
   * @param {ParentNode} root
   */
  mark(root) {
    for (const element of allOwn("[data-unseen]", root)) {
      const { unseen, unseenHref = "" } = element.dataset;
      element.hidden = Number(unseen) <= this.base || this.visited.includes(unseenHref);
    }
    for (const element of allOwn("[data-unseen-news]", root)) {
      element.hidden = Number(element.dataset.unseenNews) <= this.news;
    }
  }

  #save(news = this.news) {
    remember(this.key, { base: this.base, news, visited: this.visited });
  }
}
