// What the page says by itself: toasts for news, one strip for the connection.

import { ownById } from "./own.js";

const TOAST_SECONDS = 9;
const TOASTS_AT_MOST = 4;
const OFFLINE_AFTER = 1_000; // a restart that is over sooner is nobody's business
const CAUGHT_UP_FOR = 4_000;

const strip = ownById("strip");
const toasts = ownById("toasts");
let stripTimer = 0;

/** An icon of icons.svg, as the templates draw it. */
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

function element(tag, properties, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

/** Shows news for some seconds; it stays while somebody points at it or is in it. */
export function toast({ text, href = null, kind = "info" }) {
  const words = href ? element("a", { href, textContent: text }) : text;
  const close = element("button", { type: "button", ariaLabel: "Close" }, icon("close"));
  const made = element("div", { className: "ui-toast" }, icon(kind), element("p", {}, words), close);
  close.addEventListener("click", () => made.remove());
  toasts.append(made);
  while (toasts.children.length > TOASTS_AT_MOST) toasts.firstElementChild.remove();
  const leave = () => (made.matches(":hover, :focus-within") ? setTimeout(leave, 2000) : made.remove());
  setTimeout(leave, 1000 * TOAST_SECONDS);
}

function say(kind, ...children) {
  clearTimeout(stripTimer);
  if (children.length) strip.dataset.kind = kind;
  strip.replaceChildren(...(children.length ? [element("div", { className: "strip-line" }, ...children)] : []));
}

function clock(milliseconds) {
  return new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" }).format(milliseconds);
}

function sayOffline({ state, since }) {
  const why = state === "busy" ? " The server is busy; this page tries again by itself." : "";
  say("warn", element("p", { textContent: `Not connected since ${clock(since)}. What you see may be old.${why}` }));
}

function sayLoggedOut() {
  const here = encodeURIComponent(location.pathname + location.search);
  const link = element("a", { href: `/login?next=${here}`, textContent: "Log in again" });
  say("bad", element("p", { textContent: "You are logged out. What you typed is kept." }), link);
}

/** Shows the state of the connection; silent while all is well. */
export function showStatus(status) {
  clearTimeout(stripTimer);
  document.documentElement.dataset.connection = status.state;
  if (status.state === "logged_out") sayLoggedOut();
  else if (status.state === "offline" || status.state === "busy") {
    if (strip.childElementCount) sayOffline(status);
    else stripTimer = setTimeout(sayOffline, OFFLINE_AFTER, status);
  } else if ((status.state === "online" || status.state === "polling") && strip.childElementCount) {
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

export { sayLoggedOut };
