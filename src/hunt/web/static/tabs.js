// Many tabs over one socket. `Switchboard` decides who is told what; `openLine` is the shell with the socket and the clock.
// It runs in a SharedWorker (worker.js), or in the page itself where there is none.

import { Connection } from "./live.js";

export const RING = 500; // entries of a growing dataset kept for tabs that come later
const ANSWER_WITHIN = 15_000;

/**
 * The name of a subscription that tabs can share.
 * @param {Wanted} wanted
 */
export function keyOf({ dataset, params = {} }) {
  return JSON.stringify([dataset, Object.entries(params).sort()]);
}

/** @param {number} floor @returns {Held} */
const emptyFrom = (floor) => ({ value: null, ring: [], floor, id: floor, mac: null });

/**
 * Routes a connection's news to tabs. `post(tab, message)` must not throw.
 * @template T
 */
export class Switchboard {
  /** @param {Connection} connection @param {(tab: T, message: ToTab) => void} post */
  constructor(connection, post) {
    this.connection = connection;
    this.post = post;
    /** @type {Map<T, Map<string, number>>} */
    this.tabs = new Map(); // tab → key → the id up to which it has been told
    /** @type {Map<string, Held>} */
    this.held = new Map();
    this.build = "";
  }

  /**
   * A tab says what it wants and what it has.
   * @param {T} tab
   * @param {Wanted[]} subs
   */
  attach(tab, subs) {
    this.detach(tab);
    const places = new Map();
    this.tabs.set(tab, places);
    for (const sub of subs) {
      places.set(keyOf(sub), sub.since ?? 0);
      this.#join(tab, keyOf(sub), sub);
    }
    this.post(tab, { type: "status", status: { ...this.connection.status, caughtUp: false } });
    if (this.build) this.post(tab, { type: "hello", build: this.build });
  }

  /** @param {T} tab */
  detach(tab) {
    const places = this.tabs.get(tab);
    this.tabs.delete(tab);
    for (const key of places?.keys() ?? []) if (!this.#wanted(key)) this.#drop(key);
  }

  /**
   * Takes an effect of the connection that concerns tabs.
   * @param {News} effect
   */
  route(effect) {
    if (effect.do === "update") this.#update(effect);
    else if (effect.do === "append") this.#append(effect);
    else if (effect.do === "reset") this.#reset(effect);
    else if (effect.do === "refused") this.#tell(effect.key, { type: "refused", key: effect.key, code: effect.code });
    else if (effect.do === "status") this.#all({ type: "status", status: effect.status });
    else if (effect.do === "hello") this.#hello(effect.build);
  }

  /** @param {T} tab @param {string} key @param {Wanted} wanted */
  #join(tab, key, { dataset, params, since = 0, mac = null }) {
    const held = this.held.get(key);
    if (!held) {
      this.held.set(key, emptyFrom(since));
      this.connection.subscribe(key, { dataset, params, since, mac });
    } else if (held.value && held.value.epoch > since) {
      this.#give(tab, key, held.value);
    } else if (since < held.floor) {
      held.ring.length = 0;
      held.floor = since;
      this.connection.rewind(key, since, mac);
    } else {
      this.#grow(tab, key, held.ring, held);
    }
  }

  /** @param {NewsOf<"update">} news */
  #update({ key, value }) {
    const held = this.held.get(key);
    if (!held) return;
    held.value = value;
    held.floor = 0; // a value is whole: nobody needs what came before it
    for (const tab of this.#listeners(key)) this.#give(tab, key, value);
  }

  /** @param {T} tab @param {string} key @param {Value} value */
  #give(tab, key, value) {
    this.tabs.get(tab)?.set(key, value.epoch);
    this.post(tab, { type: "update", key, value });
  }

  /** @param {NewsOf<"append">} news */
  #append({ key, entries, id, mac }) {
    const held = this.held.get(key);
    if (!held) return;
    Object.assign(held, { id, mac });
    held.ring.push(...entries);
    for (const gone of held.ring.splice(0, held.ring.length - RING)) held.floor = gone.id;
    for (const tab of this.#listeners(key)) this.#grow(tab, key, entries, held);
  }

  /** @param {T} tab @param {string} key @param {Entry[]} entries @param {Held} held */
  #grow(tab, key, entries, { id, mac }) {
    const places = this.tabs.get(tab);
    const fresh = entries.filter((entry) => entry.id > (places?.get(key) ?? 0));
    if (!places || fresh.length === 0) return;
    places.set(key, id);
    this.post(tab, { type: "append", key, entries: fresh, id, mac });
  }

  /** @param {NewsOf<"reset">} news */
  #reset({ key }) {
    this.held.set(key, emptyFrom(0));
    for (const tab of this.#listeners(key)) {
      this.tabs.get(tab)?.set(key, 0);
      this.post(tab, { type: "reset", key });
    }
  }

  /** @param {string} build */
  #hello(build) {
    this.build = build;
    this.#all({ type: "hello", build });
  }

  /** @param {string} key */
  #drop(key) {
    this.held.delete(key);
    this.connection.unsubscribe(key);
  }

  /** @param {string} key */
  #wanted(key) {
    return [...this.tabs.values()].some((places) => places.has(key));
  }

  /** @param {string} key */
  #listeners(key) {
    return [...this.tabs].filter(([, places]) => places.has(key)).map(([tab]) => tab);
  }

  /** @param {string} key @param {ToTab} message */
  #tell(key, message) {
    for (const tab of this.#listeners(key)) this.post(tab, message);
  }

  /** @param {ToTab} message */
  #all(message) {
    for (const tab of this.tabs.keys()) this.post(tab, message);
  }
}

/**
 * Opens the one line. Returns `receive(tab, message)`, by which tabs speak to it.
 * @template T
 * @param {string} address
 * @param {(tab: T, message: ToTab) => void} post
 */
export function openLine(address, post) {
  const connection = new Connection();
  const board = new Switchboard(connection, post);
  /** @type {WebSocket | null} */
  let socket = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  function connect() {
    const mine = new WebSocket(address);
    socket = mine;
    mine.onopen = () => mine === socket && step(() => connection.opened(Date.now()));
    mine.onmessage = (event) => mine === socket && step(() => connection.received(event.data, Date.now()));
    mine.onclose = (event) => mine === socket && step(() => connection.closed(event.code, Date.now()));
  }

  function close() {
    const old = socket;
    socket = null;
    old?.close();
  }

  /** @param {PollBody} body */
  async function poll(body) {
    const answer = await asked("/api/poll", body);
    step(() => connection.polled(answer, Date.now()));
  }

  /** @param {Effect} effect */
  function perform(effect) {
    if (effect.do === "connect") connect();
    else if (effect.do === "close") close();
    else if (effect.do === "poll") poll(effect.body);
    else if (effect.do !== "send") board.route(effect);
    else if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(effect.frame));
  }

  /** @param {() => void} happens */
  function step(happens) {
    happens();
    for (let effects = connection.effects(); effects.length; effects = connection.effects()) {
      for (const effect of effects) perform(effect);
    }
    clearTimeout(timer);
    const due = connection.due();
    if (due !== Infinity) timer = setTimeout(() => step(() => connection.tick(Date.now())), Math.max(0, due - Date.now()));
  }

  /** @param {T} tab @param {FromTab} message */
  function take(tab, message) {
    if (message.type === "attach") {
      board.attach(tab, message.subs);
      connection.start(Date.now());
    } else if (message.type === "detach") board.detach(tab);
    else if (message.type === "wake") connection.wake(Date.now());
  }

  return (/** @type {T} */ tab, /** @type {FromTab} */ message) => step(() => take(tab, message));
}

/**
 * Posts JSON. Rejects where no answer comes in time.
 * @param {string} address
 * @param {unknown} body
 * @param {Record<string, string>} more
 */
export function sendJson(address, body, more = {}) {
  const headers = { "content-type": "application/json", ...more };
  return fetch(address, { method: "POST", headers, body: JSON.stringify(body), signal: AbortSignal.timeout(ANSWER_WITHIN) });
}

/**
 * The body of the answer with the `status`, which is 0 where none came, and `again`: the seconds to stay away.
 * @param {string} address
 * @param {PollBody} body
 * @returns {Promise<PollAnswer>}
 */
async function asked(address, body) {
  try {
    const answer = await sendJson(address, body);
    const again = Number(answer.headers.get("retry-after")) || 0;
    return { again, ...(await answer.json()), status: answer.status };
  } catch {
    return { status: 0 };
  }
}

/**
 * The websocket's address on the server that this code came from.
 * @param {{ protocol: string, host: string }} location
 */
export function addressOf(location) {
  return `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`;
}
