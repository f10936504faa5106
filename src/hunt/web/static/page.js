// Every page's script: wires what the other modules know. Without it all works by plain forms and links.

import { startActing } from "./acts.js";
import { drawCountdowns, eachSecond, localise, setClock, startKickoff } from "./clock.js";
import { showCopyButtons, startCopying } from "./copy.js";
import { restoreDrafts, startDrafts } from "./drafts.js";
import { AWAKE, connect } from "./feed.js";
import { guessRenewed, isOwnEcho, refreshGuess, startGuessing } from "./guess.js";
import { FIRST_STATUS, LineState } from "./live.js";
import { merge } from "./merge.js";
import { tellNews } from "./news.js";
import { offerReload, showStatus } from "./notices.js";
import { allOwn, own, ownById } from "./own.js";
import { Seen } from "./seen.js";
import { arrange, startTables } from "./tables.js";
import { keyOf } from "./tabs.js";
import { startThemes } from "./themes.js";

const page = document.body.dataset;
const here = page.path ?? location.pathname; // as links write it, however the address was typed
const seen = new Seen(page.team ?? "", Number(page.epoch ?? 0));
/** @type {Map<string, HTMLElement>} */
const lives = new Map(); // key → live element
const activity = { dataset: "activity_log", params: {} };
/** @type {{ since: number, mac?: string | null }} */
let told = { since: Number(page.epoch), mac: page.mac };
let status = FIRST_STATUS;
let renew = () => {};

/** @param {ParentNode} root */
function prepare(root) {
  localise(root);
  drawCountdowns(root);
  seen.mark(root);
  showCopyButtons(root);
  arrange(root);
}

// The page's own link in the navigation, and on a puzzle the link of its round.
function markHere() {
  const above = own(".ui-crumb a")?.pathname;
  for (const link of allOwn(".ui-rounds a")) {
    if (link.pathname === here) link.setAttribute("aria-current", "page");
    else if (link.pathname === above) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}

/** @param {HTMLElement} live */
function subscriptionOf(live) {
  const { live: dataset = "", slug } = live.dataset;
  return { dataset, params: { format: "html", ...(slug && { slug }) } };
}

function findLives() {
  const isOld = new URLSearchParams(location.search).has("before"); // an older page of a list stays as it is
  for (const live of allOwn("[data-live]")) {
    if (!(isOld && live.dataset.live === activity.dataset)) lives.set(keyOf(subscriptionOf(live)), live);
  }
}

function subscriptions() {
  const same = (/** @type {number} */ since) => (since === told.since ? { since, mac: told.mac } : { since });
  const wanted = [...lives.values()].map((live) => ({ ...subscriptionOf(live), ...same(Number(live.dataset.epoch)) }));
  return [...wanted, { ...activity, ...told }];
}

/** @param {string} version */
async function renewContent(version) {
  const content = ownById("content");
  if (!content || content.dataset.contentVersion === version) return;
  const answer = await fetch(location.href, { headers: { accept: "text/html" } }).catch(() => null);
  if (!answer?.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("article#content");
  if (!(fresh instanceof HTMLElement)) return;
  content.dataset.contentVersion = fresh.dataset.contentVersion;
  merge(content, fresh.innerHTML, prepare);
}

/** @param {HTMLElement} live @param {Value} value */
function show(live, { html = "", epoch }) {
  if (epoch < Number(live.dataset.epoch)) return;
  live.dataset.epoch = String(epoch);
  merge(live, html, prepare);
  markHere();
  guessRenewed();
  const version = own("[data-content-version]:not(#content)", live)?.dataset.contentVersion;
  if (version) renewContent(version);
}

/** @param {Extract<ToTab, { type: "append" }>} news */
function grow({ entries, id, mac }) {
  const slug = ownById("live-puzzle")?.dataset.slug;
  tellNews(entries, (entry) => entry.slug === slug && isOwnEcho());
  told = { since: id, mac };
}

/** @param {string} key */
function reset(key) {
  const live = lives.get(key);
  if (live) live.dataset.epoch = "0";
  else told = { since: 0, mac: null };
}

/** @param {ToTab} message */
function hear(message) {
  if (message.type === "update") {
    const live = lives.get(message.key);
    if (live) show(live, message.value);
  } else if (message.type === "append") grow(message);
  else if (message.type === "reset") reset(message.key);
  else if (message.type === "status") {
    status = message.status;
    showStatus(status);
  } else if (message.type === "hello" && message.build && message.build !== page.build) offerReload();
}

// After an act the line brings what changed, or is asked for it. Without the line the page fetches itself again.
function sent() {
  if (status.state === LineState.POLLING) renew();
  else if (status.state !== LineState.ONLINE) location.reload();
}

// Menus close like menus: by Escape, by a click elsewhere.
function startMenus() {
  const close = (/** @type {Node | null} */ except) => {
    for (const menu of allOwn("details.ui-menu[open]")) if (!menu.contains(except)) menu.open = false;
  };
  document.addEventListener("click", ({ target }) => close(target));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.defaultPrevented) return;
    own("details.ui-menu[open] summary")?.focus();
    close(null);
  });
}

// The browser may show this page again as it was left (back, forward). Somebody else may be logged in by then, so it
// stays hidden until the server has said who it is.
function startSleeping() {
  if (!page.team) return;
  const root = document.documentElement;
  addEventListener("pagehide", (event) => event.persisted && root.classList.add("ui-asleep"));
  addEventListener("pageshow", async (event) => {
    if (!event.persisted) return;
    const answer = await fetch("/api/me", { cache: "no-store" }).catch(() => null);
    const team = answer?.ok ? (await answer.json()).team.id : null;
    if (String(team) !== page.team) {
      location.reload();
      return;
    }
    root.classList.remove("ui-asleep");
    restoreDrafts();
    document.dispatchEvent(new Event(AWAKE));
  });
}

// On a phone a link leads to the guess box from wherever one is, but not from the box itself.
function watchGuessBox() {
  const box = ownById("guess-box");
  if (!box) return;
  // Not on the link itself: a new fragment draws that as it was.
  new IntersectionObserver(([entry]) => {
    document.documentElement.dataset.guessBox = entry.isIntersecting ? "near" : "far";
  }).observe(box);
}

function startLine() {
  if (!("connect" in page)) return;
  findLives();
  renew = connect(page.team ?? "", subscriptions, hear);
  addEventListener("offline", () => showStatus({ state: LineState.OFFLINE, since: Date.now() }));
  addEventListener("online", () => showStatus(status));
}

setClock(page.now ?? "");
seen.visit(here);
startThemes();
startMenus();
startTables();
startCopying();
startDrafts();
startGuessing(sent);
startActing(sent);
prepare(document);
markHere();
startSleeping();
startLine();
const lookAtKickoff = startKickoff();
eachSecond(() => {
  drawCountdowns(document);
  refreshGuess();
  lookAtKickoff();
});
watchGuessBox();
addEventListener("pagehide", () => {
  const hub = ownById("live-hub");
  if (hub) seen.readNews(Number(hub.dataset.epoch));
});
