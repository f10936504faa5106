// Every page's script: wires what the other modules know. Without it all works by plain forms and links.

import { startActing } from "./acts.js";
import { drawCountdowns, eachSecond, localise, setClock } from "./clock.js";
import { showCopyButtons, startCopying } from "./copy.js";
import { restoreDrafts, startDrafts } from "./drafts.js";
import { connect } from "./feed.js";
import { guessRenewed, isOwnEcho, refreshGuess, startGuessing } from "./guess.js";
import { startKickoff } from "./kickoff.js";
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
const lives = new Map(); // key → live element
const activity = { dataset: "activity_log", params: {} };
let told = { since: Number(page.epoch), mac: page.mac };
let status = { state: "connecting", since: null };
let renew = () => {};

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

function subscriptionOf(live) {
  const params = { format: "html" };
  if (live.dataset.slug) params.slug = live.dataset.slug;
  return { dataset: live.dataset.live, params };
}

function findLives() {
  const isOld = new URLSearchParams(location.search).has("before"); // an older page of a list stays as it is
  for (const live of allOwn("[data-live]")) {
    if (!(isOld && live.dataset.live === "activity_log")) lives.set(keyOf(subscriptionOf(live)), live);
  }
}

function subscriptions() {
  const same = (since) => (since === told.since ? { since, mac: told.mac } : { since });
  const wanted = [...lives.values()].map((live) => ({ ...subscriptionOf(live), ...same(Number(live.dataset.epoch)) }));
  return [...wanted, { ...activity, ...told }];
}

async function renewContent(version) {
  const content = ownById("content");
  if (!content || content.dataset.contentVersion === version) return;
  const answer = await fetch(location.href, { headers: { accept: "text/html" } }).catch(() => null);
  if (!answer?.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("article#content");
  if (!fresh) return;
  content.dataset.contentVersion = fresh.dataset.contentVersion;
  merge(content, fresh.innerHTML, prepare);
}

function show(live, { html, epoch }) {
  if (epoch < Number(live.dataset.epoch)) return;
  live.dataset.epoch = epoch;
  merge(live, html, prepare);
  markHere();
  guessRenewed();
  const version = own("[data-content-version]:not(#content)", live)?.dataset.contentVersion;
  if (version) renewContent(version);
}

function grow({ entries, id, mac }) {
  const slug = ownById("live-puzzle")?.dataset.slug;
  tellNews(entries, (entry) => entry.slug === slug && isOwnEcho());
  told = { since: id, mac };
}

const hear = {
  update: ({ key, value }) => lives.has(key) && show(lives.get(key), value),
  append: grow,
  reset: ({ key }) => {
    if (lives.has(key)) lives.get(key).dataset.epoch = 0;
    else told = { since: 0, mac: null };
  },
  status(message) {
    status = message.status;
    showStatus(status);
  },
  hello: ({ build }) => build && build !== page.build && offerReload(),
};

// After an act the line brings what changed, or is asked for it. Without the line the page fetches itself again.
function sent() {
  if (status.state === "polling") renew();
  else if (status.state !== "online") location.reload();
}

// Menus close like menus: by Escape, by a click elsewhere.
function startMenus() {
  const close = (except) => {
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
    if (String(team) !== page.team) return location.reload();
    root.classList.remove("ui-asleep");
    restoreDrafts();
    document.dispatchEvent(new Event("hunt:awake"));
  });
}

// On a phone a link leads to the guess box from wherever one is, but not from the box itself.
function watchGuessBox() {
  const box = ownById("guess-box");
  if (!box) return;
  // Not on the link itself: a new fragment draws that as it was.
  const mark = ([entry]) => (document.documentElement.dataset.guessBox = entry.isIntersecting ? "near" : "far");
  new IntersectionObserver(mark).observe(box);
}

function startLine() {
  if (!("connect" in page)) return;
  findLives();
  renew = connect(page.team, subscriptions, (message) => hear[message.type]?.(message));
  addEventListener("offline", () => showStatus({ state: "offline", since: Date.now() }));
  addEventListener("online", () => showStatus(status));
}

setClock(page.now);
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
