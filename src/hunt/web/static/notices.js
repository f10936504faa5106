// What the page says by itself: toasts for news, one strip for the connection.

import { written } from "./clock.js";
import { LineState } from "./live.js";
import { ownById } from "./own.js";

const TOAST_SECONDS = 9;
const TOASTS_AT_MOST = 4;
const OFFLINE_AFTER = 1_000; // a restart that is over sooner is nobody's business
const CAUGHT_UP_FOR = 4_000;

const strip = ownById("strip");
const toasts = ownById("toasts");
/** @type {ReturnType<typeof setTimeout> | undefined} */
let stripTimer;

/**
 * An icon of icons.svg, as the templates draw it.
 * @param {string} name
 */
export function icon(name) {
  const namespace = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(namespace, "svg");
  svg.setAttribute("class", "ui-icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(namespace, "use");
  use.setAttribute("href", new URL(`icons.svg#${name}`, import.meta.url).href);
  svg.append(use);
  return svg;
}

/** @param {keyof HTMLElementTagNameMap} tag @param {object} properties @param {...(Node | string)} children */
function element(tag, properties, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

/**
 * Shows news for some seconds; it stays while somebody points at it or is in it.
 * @param {{ text: string, href?: string, kind?: string }} news
 */
export function toast({ text, href, kind = "info" }) {
  const words = href ? element("a", { href, textContent: text }) : text;
  const close = element("button", { type: "button", ariaLabel: "Close" }, icon("close"));
  const made = element("div", { className: "ui-toast" }, icon(kind), element("p", {}, words), close);
  close.addEventListener("click", () => made.remove());
  toasts.append(made);
  while (toasts.children.length > TOASTS_AT_MOST) toasts.firstElementChild?.remove();
  const leave = () => (made.matches(":hover, :focus-within") ? setTimeout(leave, 2000) : made.remove());
  setTimeout(leave, 1000 * TOAST_SECONDS);
}

/** @param {string} kind @param {...(Node | string)} children */
function say(kind, ...children) {
  clearTimeout(stripTimer);
  if (children.length) strip.dataset.kind = kind;
  strip.replaceChildren(...(children.length ? [element("div", { className: "strip-line" }, ...children)] : []));
}

/** @param {Status} status */
function sayOffline({ state, since }) {
  const why = state === LineState.BUSY ? " The server is busy; this page tries again by itself." : "";
  say("warn", element("p", { textContent: `Not connected since ${written("time", since ?? Date.now())}. What you see may be old.${why}` }));
}

export function sayLoggedOut() {
  const here = encodeURIComponent(location.pathname + location.search);
  const link = element("a", { href: `/login?next=${here}`, textContent: "Log in again" });
  say("bad", element("p", { textContent: "You are logged out. What you typed is kept." }), link);
}

/**
 * Shows the state of the connection; silent while all is well.
 * @param {Status} status
 */
export function showStatus(status) {
  clearTimeout(stripTimer);
  document.documentElement.dataset.connection = status.state;
  if (status.state === LineState.LOGGED_OUT) sayLoggedOut();
  else if (status.state === LineState.OFFLINE || status.state === LineState.BUSY) {
    if (strip.childElementCount) sayOffline(status);
    else stripTimer = setTimeout(sayOffline, OFFLINE_AFTER, status);
  } else if ((status.state === LineState.ONLINE || status.state === LineState.POLLING) && strip.childElementCount) {
    say("good", element("p", { textContent: "Caught up again." }));
    stripTimer = setTimeout(say, CAUGHT_UP_FOR, "good");
  }
}

/** Says that the server was updated since this page was made. */
export function offerReload() {
  if (strip.childElementCount) return;
  const button = element("button", { type: "button", className: "ui-link", textContent: "Reload" });
  button.addEventListener("click", () => location.reload());
  say("good", element("p", { textContent: "This site was updated." }), button);
}
