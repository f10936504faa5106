// The websocket protocol of a browser, without any I/O: what happens goes in by the methods, what is to be done comes out
// of `effects()`. A thin shell (tabs.js) owns the socket and the clock. Times are milliseconds.

export const PING_AFTER = 25_000; // silence after which we ask; the server says `head` every 20 s
export const DEAD_AFTER = 45_000; // silence after which the socket is given up: two missed heads
export const CONNECT_WITHIN = 10_000;
export const PROBE_WITHIN = 5_000; // how long a pong may take after the computer woke up
export const BACKOFF_BASE = 500;
export const BACKOFF_CAP = 20_000;
export const BUSY_AT_LEAST = 10_000;
export const RESTART_WITHIN = 2_000;
export const POLL_AFTER = 2; // sockets in a row that brought nothing; then we ask over HTTP
export const POLL_EVERY = 15_000; // until the server names another time
export const POLL_AGAIN = 1_000; // the soonest that a poll may follow another
export const SOCKET_AGAIN = 60_000; // between attempts at a socket while polling works
export const STEADY_AFTER = 5_000; // a socket that lived this long has earned a fresh start of the backoff

export const CLOSE_RESTART = 1012;
export const CLOSE_LOGGED_OUT = 4001;
export const CLOSE_TOO_MANY = 4029;

/** What a connection does. */
export const SocketState = Object.freeze({ IDLE: "idle", CONNECTING: "connecting", OPEN: "open", WAITING: "waiting", STOPPED: "stopped" });

/** What a page says of it. */
export const LineState = Object.freeze({
  CONNECTING: "connecting",
  ONLINE: "online",
  POLLING: "polling",
  OFFLINE: "offline",
  BUSY: "busy",
  LOGGED_OUT: "logged_out",
});

export const Kind = Object.freeze({ GROWING: "growing", REPLACED: "replaced" });

/** @type {Status} */
export const FIRST_STATUS = Object.freeze({ state: LineState.CONNECTING, since: null });

/**
 * Milliseconds to wait before attempt `attempt` (0 is the first), full jitter.
 * @param {number} attempt
 * @param {() => number} random
 */
export function backoff(attempt, random) {
  return random() * Math.min(BACKOFF_CAP, BACKOFF_BASE * 2 ** Math.min(attempt, 10));
}

/**
 * One socket's life: idle → connecting → open → waiting → connecting …, or stopped once logged out. Where sockets bring
 * nothing (a proxy lets none through) it polls over HTTP while it waits, and the frames in the answer are the same.
 * Subscriptions outlive the socket. A growing one has a cursor; a replaced one the epoch of its last value. Which kind it
 * is, the server says; only fragments are known to be replaced before.
 */
export class Connection {
  constructor(random = Math.random) {
    this.random = random;
    /** @type {SocketState} */
    this.state = SocketState.IDLE;
    /** @type {Map<string, Subscription>} */
    this.subs = new Map(); // key → subscription
    /** @type {Map<string, string>} */
    this.keys = new Map(); // id on this socket → key
    /** @type {Map<number | null, string>} */
    this.calls = new Map(); // rpc → key
    /** @type {Place | null} */
    this.pair = null; // the newest place that the server named
    this.status = FIRST_STATUS;
    this.counter = 0;
    this.attempt = 0;
    this.failures = 0; // sockets in a row that brought nothing
    this.greeted = false; // whether this socket brought something
    /** @type {PollCall[] | null} */
    this.polling = null; // the calls of the poll on its way
    this.poll = { at: Infinity, began: 0, failures: 0, works: false, token: "", every: POLL_EVERY };
    this.at = 0; // when the state began
    this.heard = 0;
    this.asked = 0; // when the unanswered ping was sent, or 0
    this.patience = DEAD_AFTER;
    this.retryAt = 0;
    /** @type {Effect[]} */
    this.out = [];
  }

  /** What is to be done since the last call, in order. */
  effects() {
    return this.out.splice(0);
  }

  /** @param {string} key @param {Wanted} wanted */
  subscribe(key, { dataset, params = {}, since = 0, mac = null }) {
    const kind = params.format === "html" ? Kind.REPLACED : null;
    const sub = { key, dataset, params, cursor: since, mac, id: "", answered: false, kind };
    this.subs.set(key, sub);
    this.poll.token = "";
    if (mac && (!this.pair || this.pair.id < since)) this.pair = { id: since, mac };
    if (this.state === SocketState.OPEN) this.#send(sub);
  }

  /** @param {string} key */
  unsubscribe(key) {
    const sub = this.subs.get(key);
    if (!sub) return;
    this.subs.delete(key);
    this.#release(sub);
  }

  /**
   * Asks again from another place, for somebody who holds less than we do.
   * @param {string} key
   * @param {number} since
   * @param {string | null} mac
   */
  rewind(key, since, mac) {
    const sub = this.subs.get(key);
    if (!sub) return;
    Object.assign(sub, { cursor: since, mac });
    this.poll.token = "";
    this.#again(sub);
  }

  /**
   * Connects, also after a logout: who calls has just loaded a page as a team.
   * @param {number} now
   */
  start(now) {
    if (this.state === SocketState.STOPPED) this.#say(FIRST_STATUS);
    if (this.state === SocketState.IDLE || this.state === SocketState.STOPPED) this.#connect(now);
  }

  /** @param {number} now */
  opened(now) {
    this.#enter(SocketState.OPEN, now);
    this.heard = now;
    this.asked = 0;
    for (const sub of this.subs.values()) this.#send(sub);
    if (this.subs.size === 0) this.#online();
  }

  /**
   * Takes one text frame. What is not understood is left alone: a newer server may say more.
   * @param {string} text
   * @param {number} now
   */
  received(text, now) {
    this.heard = now;
    this.asked = 0;
    this.patience = DEAD_AFTER;
    this.#take(parsed(text));
  }

  /** @param {Frame | null} frame */
  #take(frame) {
    if (frame?.type === "hello") this.#hello(frame);
    else if (frame?.type === "head") this.#head(frame);
    else if (frame?.type === "fail") this.#fail(frame);
    else if (frame?.type === "sub") this.#accepted(frame);
    else if (frame && "sub" in frame) this.#about(frame, this.subs.get(this.keys.get(frame.sub) ?? ""));
  }

  /** @param {number} code @param {number} now */
  closed(code, now) {
    if (this.state === SocketState.STOPPED || this.state === SocketState.WAITING) return;
    const lived = this.state === SocketState.OPEN ? now - this.at : 0;
    if (!this.greeted && ++this.failures >= POLL_AFTER && this.poll.at === Infinity) this.poll.at = now;
    if (lived > STEADY_AFTER) this.attempt = 0;
    this.keys.clear();
    this.calls.clear();
    if (code === CLOSE_LOGGED_OUT) {
      this.loggedOut(now);
      return;
    }
    this.#enter(SocketState.WAITING, now);
    this.retryAt = now + this.#pause(code);
    if (!this.poll.works) this.#away(code === CLOSE_TOO_MANY ? LineState.BUSY : LineState.OFFLINE, now);
  }

  /**
   * Takes the answer to a poll: `status` is 0 where none came, `again` the seconds until the next one may be sent.
   * @param {PollAnswer} answer
   * @param {number} now
   */
  polled({ status, again = 0, frames = [], token = "" }, now) {
    const calls = this.polling ?? [];
    this.polling = null;
    if (this.state !== SocketState.WAITING && this.state !== SocketState.CONNECTING) return;
    if (status === 401) this.loggedOut(now);
    else if (status !== 200) this.#pollFailed(status, again, now);
    else this.#pollWorked(calls, { again, frames, token }, now);
  }

  /** @param {number} status @param {number} again @param {number} now */
  #pollFailed(status, again, now) {
    const busy = status === 429 || status === 503;
    const pause = busy ? Math.max(1000 * again, this.poll.every) * (1 + this.random()) : POLL_AGAIN + backoff(this.poll.failures, this.random);
    Object.assign(this.poll, { at: now + pause, failures: this.poll.failures + 1, works: false });
    this.#away(busy ? LineState.BUSY : LineState.OFFLINE, now);
  }

  /** @param {PollCall[]} calls @param {{ again: number, frames: Frame[], token: string }} answer @param {number} now */
  #pollWorked(calls, { again, frames, token }, now) {
    const every = 1000 * again || POLL_EVERY;
    const at = Math.min(this.poll.at, now + every * (0.8 + 0.4 * this.random()));
    Object.assign(this.poll, { works: true, failures: 0, every, at });
    this.heard = now;
    for (const { id, key, rpc } of calls) {
      this.keys.set(id, key);
      this.calls.set(rpc, key);
    }
    for (const frame of frames) this.#take(frame);
    for (const { id, rpc } of calls) {
      this.keys.delete(id);
      this.calls.delete(rpc);
    }
    this.poll.token = this.#holds(calls, frames) ? token : "";
    this.#say({ state: LineState.POLLING, since: null, caughtUp: this.status.since !== null });
  }

  /**
   * Whether we hold all that the answer stands for, and want nothing else meanwhile.
   * @param {PollCall[]} calls
   * @param {Frame[]} frames
   */
  #holds(calls, frames) {
    const same = calls.length === this.subs.size && calls.every(({ key, id }) => this.subs.get(key)?.id === id);
    const whole = [...this.subs.values()].every((sub) => sub.answered) && !frames.some((frame) => frame.type === "reset");
    return same && (frames.length === 0 || whole);
  }

  /** @param {Status["state"]} state @param {number} now */
  #away(state, now) {
    const was = this.status.state;
    this.#say({ state, since: was === LineState.ONLINE || was === LineState.POLLING ? this.heard : (this.status.since ?? now) });
  }

  /**
   * The session is over: nothing more until a page starts us again.
   * @param {number} now
   */
  loggedOut(now) {
    this.#enter(SocketState.STOPPED, now);
    this.#say({ state: LineState.LOGGED_OUT, since: now });
  }

  /**
   * The network is back, or somebody looks at the page again.
   * @param {number} now
   */
  wake(now) {
    if (this.poll.works) this.poll.at = Math.min(this.poll.at, Math.max(now, this.poll.began + POLL_AGAIN));
    else if (this.state === SocketState.WAITING && this.status.state !== LineState.BUSY) this.#connect(now);
    else if (this.state === SocketState.OPEN && now - this.heard > PROBE_WITHIN) {
      this.#ping(now);
      this.patience = now - this.heard + PROBE_WITHIN;
    }
  }

  /** @param {number} now */
  tick(now) {
    if (now < this.due()) return;
    if (now >= this.#pollAt()) this.#poll(now);
    else if (this.state === SocketState.WAITING) this.#connect(now);
    else if (this.state === SocketState.CONNECTING) this.#abandon(now);
    else if (this.state === SocketState.OPEN && (!this.greeted || now - this.heard >= this.patience)) this.#abandon(now);
    else if (this.state === SocketState.OPEN && !this.asked) this.#ping(now);
  }

  /** When `tick` has something to do next. */
  due() {
    if (this.state === SocketState.WAITING) return Math.min(this.retryAt, this.#pollAt());
    if (this.state === SocketState.CONNECTING) return Math.min(this.at + CONNECT_WITHIN, this.#pollAt());
    if (this.state === SocketState.OPEN && !this.greeted) return this.at + CONNECT_WITHIN;
    if (this.state === SocketState.OPEN) return this.heard + (this.asked ? this.patience : PING_AFTER);
    return Infinity;
  }

  #pollAt() {
    const mayPoll = !this.polling && (this.state === SocketState.WAITING || this.state === SocketState.CONNECTING);
    return mayPoll ? this.poll.at : Infinity;
  }

  /** @param {number} now */
  #poll(now) {
    const subs = [...this.subs.values()].map((sub) => this.#named(sub));
    const calls = [...this.subs.values()].map(({ key, id }, rpc) => ({ key, id, rpc }));
    this.polling = calls;
    Object.assign(this.poll, { began: now, at: Infinity });
    this.out.push({ do: "poll", body: { subs, token: this.poll.token } });
  }

  /** @param {SocketState} state @param {number} now */
  #enter(state, now) {
    this.state = state;
    this.at = now;
  }

  /** @param {number} now */
  #connect(now) {
    this.#enter(SocketState.CONNECTING, now);
    this.greeted = false;
    this.patience = DEAD_AFTER;
    for (const sub of this.subs.values()) sub.answered = false;
    this.out.push({ do: "connect" });
  }

  /** @param {number} now */
  #abandon(now) {
    this.out.push({ do: "close" });
    this.closed(1006, now);
  }

  /** @param {number} code */
  #pause(code) {
    if (this.poll.works && !this.greeted) return SOCKET_AGAIN * (0.5 + this.random());
    if (code === CLOSE_TOO_MANY) return BUSY_AT_LEAST + this.random() * BACKOFF_CAP;
    if (code === CLOSE_RESTART && this.attempt === 0) {
      this.attempt += 1;
      return this.random() * RESTART_WITHIN;
    }
    return backoff(this.attempt++, this.random);
  }

  /** @param {number} now */
  #ping(now) {
    this.asked = now;
    this.#call({ method: "ping" });
  }

  /** @param {Call} request */
  #call(request) {
    const rpc = ++this.counter;
    this.out.push({ do: "send", frame: { rpc, ...request } });
    return rpc;
  }

  /** @param {Subscription} sub */
  #send(sub) {
    const rpc = this.#call({ method: "sub", ...this.#named(sub) });
    this.keys.set(sub.id, sub.key);
    this.calls.set(rpc, sub.key);
  }

  /**
   * What a call says of a subscription, which has another name in each.
   * @param {Subscription} sub
   */
  #named(sub) {
    sub.id = `s${++this.counter}`;
    sub.answered = false;
    return { sub: sub.id, dataset: sub.dataset, params: sub.params, ...this.#from(sub) };
  }

  /**
   * A replaced dataset may ask from any id at or after its value's: one whose mac is known says which log is meant.
   * @param {Subscription} sub
   */
  #from(sub) {
    const anywhere = sub.kind === Kind.REPLACED && this.pair && this.pair.id >= sub.cursor ? this.pair : null;
    const { id, mac } = anywhere ?? { id: sub.cursor, mac: sub.mac };
    if (!id) return {};
    return mac ? { since: id, mac } : { since: id };
  }

  /** @param {Subscription} sub */
  #release(sub) {
    if (this.state === SocketState.OPEN && this.keys.delete(sub.id)) this.#call({ method: "unsub", sub: sub.id });
  }

  /** @param {Subscription} sub */
  #again(sub) {
    if (this.state !== SocketState.OPEN) return;
    this.#release(sub);
    this.#send(sub);
  }

  /** @param {FrameOf<"hello">} frame */
  #hello(frame) {
    this.greeted = true;
    this.failures = 0;
    Object.assign(this.poll, { at: Infinity, works: false, token: "" });
    this.out.push({ do: "hello", build: frame.build });
  }

  /** @param {FrameOf<"head">} frame */
  #head({ id, mac }) {
    this.pair = { id, mac };
    for (const sub of this.subs.values()) if (sub.kind === Kind.GROWING && sub.answered) Object.assign(sub, { cursor: id, mac });
  }

  /** @param {FrameOf<"sub">} frame */
  #accepted({ rpc, kind }) {
    const sub = this.subs.get(this.calls.get(rpc) ?? "");
    this.calls.delete(rpc);
    if (sub) sub.kind = kind;
  }

  /** @param {FrameOf<"fail">} frame */
  #fail({ rpc, code, error }) {
    const key = this.calls.get(rpc) ?? "";
    this.calls.delete(rpc);
    const sub = this.subs.get(key);
    if (!sub) return;
    this.keys.delete(sub.id);
    this.out.push({ do: "refused", key, code, error });
    this.#answered(sub);
  }

  /** @param {Frame} frame @param {Subscription | undefined} sub */
  #about(frame, sub) {
    if (!sub) return;
    if (frame.type === "update") this.#update(sub, frame.value);
    else if (frame.type === "append") this.#append(sub, frame);
    else if (frame.type === "reset") this.#reset(sub);
  }

  /** @param {Subscription} sub @param {Value} value */
  #update(sub, value) {
    sub.cursor = value.epoch;
    sub.mac = null;
    this.out.push({ do: "update", key: sub.key, value });
    this.#answered(sub);
  }

  /** @param {Subscription} sub @param {Append} frame */
  #append(sub, { prev, entries, id, mac }) {
    if (prev !== sub.cursor) {
      this.#again(sub);
      return;
    }
    Object.assign(sub, { cursor: id, mac });
    if (!this.pair || this.pair.id <= id) this.pair = { id, mac };
    this.out.push({ do: "append", key: sub.key, entries, id, mac });
    this.#answered(sub);
  }

  /**
   * What we hold is of another log. That is true of every subscription, so the others ask afresh as well.
   * @param {Subscription} sub
   */
  #reset(sub) {
    Object.assign(sub, { cursor: 0, mac: null });
    this.pair = null;
    this.poll.token = "";
    this.out.push({ do: "reset", key: sub.key });
    for (const other of this.subs.values()) {
      if (other === sub || other.kind === Kind.GROWING || !other.cursor) continue;
      Object.assign(other, { cursor: 0, mac: null });
      this.out.push({ do: "reset", key: other.key });
      this.#again(other);
    }
  }

  /** @param {Subscription} sub */
  #answered(sub) {
    if (sub.answered) return;
    sub.answered = true;
    for (const other of this.subs.values()) if (!other.answered) return;
    if (this.state === SocketState.OPEN) this.#online();
  }

  #online() {
    const caughtUp = this.status.since !== null;
    if (this.status.state !== LineState.ONLINE) this.#say({ state: LineState.ONLINE, since: null, caughtUp });
  }

  /** @param {Status} status */
  #say(status) {
    if (status.state === this.status.state && status.since === this.status.since) return;
    this.status = status;
    this.out.push({ do: "status", status });
  }
}

/** @param {string} text */
function parsed(text) {
  try {
    const frame = JSON.parse(text);
    return frame !== null && typeof frame === "object" ? frame : null;
  } catch {
    return null;
  }
}
