// Many tabs over one socket. `Switchboard` decides who is told what; `openLine` is the shell with the socket and the clock.
// It runs in a SharedWorker (worker.js), or in the page itself where there is none.

import { Connection, POLL_WITHIN } from "./live.js";

export const RING = 500; // entries of a growing dataset kept for tabs that come later

/** The name of a subscription that tabs can share. */
export function keyOf({ dataset, params = {} }) {
  return JSON.stringify([dataset, Object.entries(params).sort()]);
}

/** Routes a connection's news to tabs. `post(tab, message)` must not throw. */
export class Switchboard {
  constructor(connection, post) {
    this.connection = connection;
    this.post = post;
    this.tabs = new Map(); // tab → Map(key → the id up to which it has been told)
    this.held = new Map(); // key → {value} or {ring, floor}
    this.build = null;
  }

  /** A tab says what it wants and what it has: `subs` is [{dataset, params, since, mac}]. */
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

  detach(tab) {
    const places = this.tabs.get(tab);
    this.tabs.delete(tab);
    for (const key of places?.keys() ?? []) if (!this.#wanted(key)) this.#drop(key);
  }

  /** Takes an effect of the connection that concerns tabs. */
  route(effect) {
    if (effect.do === "update") this.#update(effect);
    else if (effect.do === "append") this.#append(effect);
    else if (effect.do === "reset") this.#reset(effect);
    else if (effect.do === "refused") this.#tell(effect.key, { type: "refused", key: effect.key, code: effect.code });
    else if (effect.do === "status") this.#all({ type: "status", status: effect.status });
    else if (effect.do === "hello") this.#hello(effect.build);
  }

  #join(tab, key, { dataset, params, since = 0, mac = null }) {
    const held = this.held.get(key);
    if (!held) {
      this.held.set(key, { value: null, ring: [], floor: since });
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

  #update({ key, value }) {
    const held = this.held.get(key);
    if (!held) return;
    held.value = value;
    held.floor = 0; // a value is whole: nobody needs what came before it
    for (const tab of this.#listeners(key)) this.#give(tab, key, value);
  }

  #give(tab, key, value) {
    this.tabs.get(tab).set(key, value.epoch);
    this.post(tab, { type: "update", key, value });
  }

  #append({ key, entries, id, mac }) {
    const held = this.held.get(key);
    if (!held) return;
    Object.assign(held, { id, mac });
    held.ring.push(...entries);
    if (held.ring.length > RING) held.floor = held.ring.splice(0, held.ring.length - RING).at(-1).id;
    for (const tab of this.#listeners(key)) this.#grow(tab, key, entries, held);
  }

  #grow(tab, key, entries, { id, mac }) {
    const places = this.tabs.get(tab);
    const fresh = entries.filter((entry) => entry.id > places.get(key));
    if (fresh.length === 0) return;
    places.set(key, id);
    this.post(tab, { type: "append", key, entries: fresh, id, mac });
  }

  #reset({ key }) {
    this.held.set(key, { value: null, ring: [], floor: 0 });
    for (const tab of this.#listeners(key)) {
      this.tabs.get(tab).set(key, 0);
      this.post(tab, { type: "reset", key });
    }
  }

  #hello(build) {
    this.build = build;
    this.#all({ type: "hello", build });
  }

  #drop(key) {
    this.held.delete(key);
    this.connection.unsubscribe(key);
  }

  #wanted(key) {
    return [...this.tabs.values()].some((places) => places.has(key));
  }

  #listeners(key) {
    return [...this.tabs.keys()].filter((tab) => this.tabs.get(tab).has(key));
  }

  #tell(key, message) {
    for (const tab of this.#listeners(key)) this.post(tab, message);
  }

  #all(message) {
    for (const tab of this.tabs.keys()) this.post(tab, message);
  }
}

/** Opens the one line. Returns `receive(tab, message)`, by which tabs speak to it. */
export function openLine(address, post) {
  const connection = new Connection();
  const board = new Switchboard(connection, post);
  let socket = null;
  let timer = 0;

  const perform = {
    connect() {
      const mine = new WebSocket(address);
      socket = mine;
      mine.onopen = () => mine === socket && step(() => connection.opened(Date.now()));
      mine.onmessage = (event) => mine === socket && step(() => connection.received(event.data, Date.now()));
      mine.onclose = (event) => mine === socket && step(() => connection.closed(event.code, Date.now()));
    },
    send({ frame }) {
      if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(frame));
    },
    async poll({ body }) {
      const answer = await asked("/api/poll", body);
      step(() => connection.polled(answer, Date.now()));
    },
    close() {
      const old = socket;
      socket = null;
      old?.close();
    },
  };

  function step(happens) {
    happens();
    for (let effects = connection.effects(); effects.length; effects = connection.effects()) {
      for (const effect of effects) (perform[effect.do] ?? ((other) => board.route(other)))(effect);
    }
    clearTimeout(timer);
    const due = connection.due();
    if (due !== Infinity) timer = setTimeout(() => step(() => connection.tick(Date.now())), Math.max(0, due - Date.now()));
  }

  const speak = {
    attach(tab, message) {
      board.attach(tab, message.subs);
      connection.start(Date.now());
    },
    detach: (tab) => board.detach(tab),
    wake: () => connection.wake(Date.now()),
  };

  return (tab, message) => step(() => speak[message.type]?.(tab, message));
}

// Posts JSON. Gives the body with the `status`, which is 0 where no answer came, and `again`: the seconds to stay away.
async function asked(address, body) {
  try {
    const headers = { "content-type": "application/json" };
    const signal = AbortSignal.timeout(POLL_WITHIN);
    const answer = await fetch(address, { method: "POST", headers, body: JSON.stringify(body), signal });
    const again = Number(answer.headers.get("retry-after")) || 0;
    return { again, ...(await answer.json()), status: answer.status };
  } catch {
    return { status: 0 };
  }
}

/** The websocket's address on the server that this code came from. */
export function addressOf(location) {
  return `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`;
}
