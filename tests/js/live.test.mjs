import assert from "node:assert/strict";
import { test } from "node:test";

import * as live from "../../src/hunt/web/static/live.js";

const HELLO = { type: "hello", conn: "c", build: "b", log: { id: 100, mac: "d100" } };

function opened(...subs) {
  const connection = new live.Connection(() => 0.5);
  for (const [key, sub] of subs) connection.subscribe(key, sub);
  connection.start(0);
  connection.opened(0);
  hear(connection, HELLO);
  accept(connection);
  return connection;
}

// The server's replies to all calls that wait to be sent.
function accept(connection) {
  for (const { frame } of connection.out.filter((effect) => effect.frame?.method === "sub")) {
    const kind = frame.dataset === "activity_log" ? "growing" : "replaced";
    hear(connection, { type: "sub", rpc: frame.rpc, sub: frame.sub, kind });
  }
}

function hear(connection, frame, now = 0) {
  connection.received(JSON.stringify(frame), now);
}

const sent = (connection) =>
  connection
    .effects()
    .filter((effect) => effect.do === "send")
    .map((effect) => effect.frame);
const only = (connection, kind) => connection.effects().filter((effect) => effect.do === kind);

const LOG = { dataset: "activity_log", since: 90, mac: "d90" };
const HUB = { dataset: "hub", params: { format: "html" }, since: 95 };

test("a subscription is sent with its cursor and mac once the socket is open", () => {
  const [frame] = sent(opened(["log", LOG]));
  assert.deepEqual(frame, { rpc: 2, method: "sub", sub: "s1", dataset: "activity_log", params: {}, since: 90, mac: "d90" });
});

test("a first subscription without a cursor does not name one", () => {
  const [frame] = sent(opened(["log", { dataset: "activity_log" }]));
  assert.ok(!("since" in frame) && !("mac" in frame));
});

test("entries move the cursor, and what follows is taken from there", () => {
  const connection = opened(["log", LOG]);
  hear(connection, { type: "append", sub: "s1", prev: 90, entries: [{ id: 93 }], id: 95, mac: "d95" });
  hear(connection, { type: "append", sub: "s1", prev: 95, entries: [], id: 99, mac: "d99" });
  assert.deepEqual(
    only(connection, "append").map((effect) => effect.id),
    [95, 99],
  );
});

test("a frame that does not follow our cursor makes us ask again from there, and is not shown", () => {
  const connection = opened(["log", LOG]);
  connection.effects();
  hear(connection, { type: "append", sub: "s1", prev: 95, entries: [{ id: 97 }], id: 97, mac: "d97" });
  const [unsub, sub, ...rest] = connection.effects();
  assert.equal(unsub.frame.method, "unsub");
  assert.equal(sub.frame.since, 90);
  assert.notEqual(sub.frame.sub, "s1");
  assert.deepEqual(rest, []);
  hear(connection, { type: "append", sub: "s1", prev: 90, entries: [{ id: 91 }], id: 97, mac: "d97" });
  assert.deepEqual(connection.effects(), [], "frames of the old subscription are late, not news");
});

test("a head moves the cursor of every growing subscription", () => {
  const connection = opened(["log", LOG], ["hub", HUB]);
  hear(connection, { type: "append", sub: "s1", prev: 90, entries: [], id: 100, mac: "d100" });
  hear(connection, { type: "head", id: 120, mac: "d120" });
  connection.effects();
  hear(connection, { type: "append", sub: "s1", prev: 120, entries: [{ id: 121 }], id: 121, mac: "d121" });
  assert.equal(only(connection, "append").length, 1);
});

test("a reset drops everything, and replaced datasets are asked for afresh", () => {
  const connection = opened(["log", LOG], ["hub", HUB]);
  connection.effects();
  hear(connection, { type: "reset", sub: "s1" });
  const effects = connection.effects();
  assert.deepEqual(
    effects.filter((effect) => effect.do === "reset").map((effect) => effect.key),
    ["log", "hub"],
  );
  assert.equal(effects.at(-1).frame.since, undefined);
  hear(connection, { type: "append", sub: "s1", prev: 0, entries: [{ id: 1 }], id: 7, mac: "e7" });
  assert.equal(only(connection, "append").length, 1);
});

test("after a lost socket it resumes from where it stands, with the mac it was last told", () => {
  const connection = opened(["log", LOG], ["hub", HUB]);
  hear(connection, { type: "append", sub: "s1", prev: 90, entries: [], id: 100, mac: "d100" });
  hear(connection, { type: "update", sub: "s3", value: { html: "", epoch: 98 } });
  connection.closed(1006, 1000);
  connection.tick(connection.due());
  connection.effects();
  connection.opened(3000);
  const [log, hub] = sent(connection);
  assert.deepEqual([log.since, log.mac], [100, "d100"]);
  assert.deepEqual([hub.since, hub.mac], [100, "d100"], "a known pair says which log is meant");
});

test("offline is told with the time of the last sign of life, and catching up when every subscription has answered", () => {
  const connection = opened(["log", LOG], ["hub", HUB]);
  hear(connection, { type: "append", sub: "s1", prev: 90, entries: [], id: 100, mac: "d100" }, 5);
  hear(connection, { type: "update", sub: "s3", value: { epoch: 100 } }, 7);
  assert.deepEqual(
    only(connection, "status").map((effect) => effect.status),
    [{ state: "online", since: null, caughtUp: false }],
  );
  connection.closed(1006, 50);
  connection.tick(connection.due());
  connection.closed(1006, 9000);
  assert.deepEqual(
    only(connection, "status").map((effect) => effect.status),
    [{ state: "offline", since: 7 }],
  );
  connection.tick(connection.due());
  connection.opened(30_000);
  const [log, hub] = sent(connection).map((frame) => frame.sub);
  hear(connection, { type: "append", sub: log, prev: 100, entries: [], id: 101, mac: "d101" });
  assert.deepEqual(only(connection, "status"), []);
  hear(connection, { type: "update", sub: hub, value: { epoch: 101 } });
  assert.deepEqual(
    only(connection, "status").map((effect) => effect.status),
    [{ state: "online", since: null, caughtUp: true }],
  );
});

test("retries wait longer each time, never more than the cap, and jitter over the whole range", () => {
  assert.equal(
    live.backoff(0, () => 1),
    live.BACKOFF_BASE,
  );
  assert.equal(
    live.backoff(3, () => 1),
    8 * live.BACKOFF_BASE,
  );
  assert.equal(
    live.backoff(50, () => 1),
    live.BACKOFF_CAP,
  );
  assert.equal(
    live.backoff(50, () => 0),
    0,
  );
});

test("a socket that closes at once does not start the backoff anew", () => {
  const connection = opened();
  const waits = [];
  let now = 0;
  for (let round = 0; round < 4; round++) {
    connection.closed(1006, now);
    waits.push(connection.due() - now);
    now = connection.due();
    connection.tick(now);
    connection.opened(now);
    hear(connection, HELLO, now);
  }
  assert.deepEqual(waits, [250, 500, 1000, 2000]);
  connection.closed(1006, now + live.STEADY_AFTER + 1);
  assert.equal(connection.due() - now, live.STEADY_AFTER + 1 + 250);
});

test("too many connections: it stays away at least ten seconds and says that the server is busy", () => {
  const connection = opened();
  connection.effects();
  connection.closed(live.CLOSE_TOO_MANY, 0);
  assert.ok(connection.due() >= live.BUSY_AT_LEAST);
  assert.equal(only(connection, "status")[0].status.state, "busy");
  connection.wake(1);
  assert.deepEqual(connection.effects(), [], "looking at the page does not make it come sooner");
});

test("logged out: it stops until a page of a team asks for it again", () => {
  const connection = opened();
  connection.effects();
  connection.closed(live.CLOSE_LOGGED_OUT, 10);
  assert.equal(connection.due(), Infinity);
  assert.equal(only(connection, "status")[0].status.state, "logged_out");
  connection.start(20);
  assert.deepEqual(
    connection.effects().map((effect) => effect.do),
    ["status", "connect"],
  );
});

test("silence is asked about, and then the socket is given up", () => {
  const connection = opened();
  connection.effects();
  assert.equal(connection.due(), live.PING_AFTER);
  connection.tick(live.PING_AFTER);
  assert.equal(sent(connection)[0].method, "ping");
  assert.equal(connection.due(), live.DEAD_AFTER);
  connection.tick(live.DEAD_AFTER);
  assert.equal(connection.effects()[0].do, "close");
  assert.equal(connection.state, "waiting");
});

test("an answer to the ping keeps the socket", () => {
  const connection = opened();
  connection.tick(live.PING_AFTER);
  hear(connection, { type: "pong", rpc: 1 }, live.PING_AFTER + 5);
  assert.equal(connection.due(), 2 * live.PING_AFTER + 5);
});

test("waking up tries at once, and tests a socket that has been silent", () => {
  const connection = opened();
  connection.closed(1006, 0);
  connection.effects();
  connection.wake(1);
  assert.equal(connection.effects()[0].do, "connect");
  connection.opened(2);
  hear(connection, HELLO, 2);
  connection.wake(10_000);
  assert.equal(connection.due(), 10_000 + live.PROBE_WITHIN);
});

test("a connection attempt that hangs is abandoned", () => {
  const connection = new live.Connection(() => 0.5);
  connection.start(0);
  connection.effects();
  connection.tick(live.CONNECT_WITHIN);
  assert.deepEqual(
    connection.effects().map((effect) => effect.do),
    ["close", "status"],
  );
});

// A connection whose sockets fail, and the first poll that it sends.
function polling(...subs) {
  const connection = new live.Connection(() => 0.5);
  for (const [key, sub] of subs) connection.subscribe(key, sub);
  connection.start(0);
  connection.closed(1006, 1);
  assert.deepEqual(only(connection, "poll"), [], "one failure says little");
  connection.tick(connection.due());
  connection.closed(1006, 300);
  connection.tick(300);
  return { connection, poll: only(connection, "poll")[0].body };
}

// What the server answers to these calls: nothing new in the log, a value for every other dataset.
function answered({ subs }, epoch = 100) {
  return subs.flatMap(({ sub, dataset, since = 0 }, rpc) => {
    const kind = dataset === "activity_log" ? "growing" : "replaced";
    const update = { type: "update", sub, value: { html: "new", epoch } };
    const append = { type: "append", sub, prev: since, entries: [], id: epoch, mac: `d${epoch}` };
    return [{ type: "sub", rpc, sub, kind }, kind === "growing" ? append : update];
  });
}

// Lets time pass until it polls; sockets that it tries meanwhile fail.
function nextPoll(connection) {
  for (;;) {
    connection.tick(connection.due());
    const poll = connection.out.find((effect) => effect.do === "poll");
    connection.effects();
    if (poll) return poll.body;
    if (connection.state === "connecting") connection.closed(1006, connection.at);
  }
}

const statuses = (connection) => only(connection, "status").map((effect) => effect.status.state);

test("after two sockets that brought nothing it polls, and what comes moves pages and cursors as a socket's frames do", () => {
  const { connection, poll } = polling(["log", LOG], ["hub", HUB]);
  assert.deepEqual(
    poll.subs.map((call) => [call.dataset, call.since]),
    [
      ["activity_log", 90],
      ["hub", 95],
    ],
  );
  connection.polled({ status: 200, again: 15, frames: answered(poll), token: "t1" }, 400);
  const effects = connection.effects();
  assert.deepEqual(
    effects.map((effect) => effect.do),
    ["append", "update", "status"],
  );
  assert.equal(effects.at(-1).status.state, "polling");
  assert.equal(connection.due(), 300 + 500, "the socket is still tried when it was due");
});

test("sockets that open and bring nothing count as failed, and one that stays silent is given up", () => {
  const connection = new live.Connection(() => 0.5);
  connection.start(0);
  connection.opened(1);
  connection.closed(1006, 2);
  connection.tick(connection.due());
  connection.opened(300);
  connection.tick(connection.due());
  assert.equal(connection.state, "waiting");
  connection.tick(connection.due());
  assert.equal(only(connection, "poll").length, 1);
});

test("it polls as often as the server says, more or less, and tries a socket now and then", () => {
  const { connection, poll } = polling(["log", LOG]);
  let [now, connects, polls] = [400, 0, 0];
  connection.polled({ status: 200, again: 15, frames: answered(poll), token: "t" }, now);
  while (now < 600_000) {
    now = connection.due();
    connection.tick(now);
    for (const effect of connection.effects()) {
      if (effect.do === "connect") connects += 1;
      if (effect.do === "poll") polls += 1;
      if (effect.do === "poll") connection.polled({ status: 200, again: 15, frames: answered(effect.body), token: "t" }, now + 20);
    }
    if (connection.state === "connecting") connection.closed(1006, now);
  }
  assert.ok(polls >= 38 && polls <= 42, `${polls} polls in ten minutes`);
  assert.ok(connects >= 9 && connects <= 11, `${connects} sockets in ten minutes`);
  assert.deepEqual(statuses(connection), [], "nothing alarming is said");
});

test("the token goes back as long as the same is asked for, and an answer without frames leaves everything as it is", () => {
  const { connection, poll } = polling(["log", LOG]);
  assert.equal(poll.token, "");
  connection.polled({ status: 200, again: 15, frames: answered(poll), token: "t1" }, 400);
  const second = nextPoll(connection);
  assert.deepEqual([second.token, second.subs[0].since, second.subs[0].mac], ["t1", 100, "d100"]);
  connection.polled({ status: 200, again: 15, frames: [], token: "t1" }, 5_100);
  assert.equal(nextPoll(connection).token, "t1");
  connection.subscribe("hub", HUB);
  connection.polled({ status: 200, again: 15, frames: [], token: "t1" }, 10_100);
  assert.equal(nextPoll(connection).token, "", "what is asked for since is not in it");
});

test("after a reset in an answer everything is asked for again", () => {
  const { connection, poll } = polling(["log", LOG], ["hub", HUB]);
  const [log, , hub, update] = answered(poll);
  const append = { type: "append", sub: log.sub, prev: 0, entries: [{ id: 1 }], id: 7, mac: "e7" };
  const frames = [hub, update, log, { type: "reset", sub: log.sub }, append];
  connection.polled({ status: 200, again: 15, frames, token: "t1" }, 400);
  assert.deepEqual(
    only(connection, "reset").map((effect) => effect.key),
    ["log", "hub"],
  );
  const again = nextPoll(connection);
  assert.equal(again.token, "");
  assert.deepEqual(
    again.subs.map((call) => call.since),
    [7, 7],
    "the value is asked for from a place that is known",
  );
});

test("an act makes it poll at once, but not again and again", () => {
  const { connection, poll } = polling(["log", LOG]);
  connection.polled({ status: 200, again: 15, frames: answered(poll), token: "t" }, 400);
  connection.wake(500);
  connection.wake(510);
  assert.ok(connection.due() <= 300 + live.POLL_AGAIN);
  connection.tick(300 + live.POLL_AGAIN);
  assert.equal(only(connection, "poll").length, 1);
  connection.wake(1_350);
  assert.equal(only(connection, "poll").length, 0, "one is on its way");
});

test("a poll that says that the session is over ends it", () => {
  const { connection } = polling(["log", LOG]);
  connection.polled({ status: 401 }, 400);
  assert.equal(connection.due(), Infinity);
  assert.equal(statuses(connection).at(-1), "logged_out");
});

test("where neither works the page says so, waits longer each time, and stays away when the server is busy", () => {
  const { connection, poll } = polling(["log", LOG]);
  connection.polled({ status: 200, again: 15, frames: answered(poll), token: "t" }, 400);
  nextPoll(connection);
  connection.polled({ status: 0 }, 5_100);
  assert.deepEqual(only(connection, "status").at(-1).status, { state: "offline", since: 400 });
  nextPoll(connection);
  connection.polled({ status: 503, again: 60 }, 9_000);
  assert.equal(only(connection, "status").at(-1).status.state, "busy");
  assert.ok(connection.poll.at >= 9_000 + 60_000);
});

test("a socket that works ends the polling", () => {
  const { connection, poll } = polling(["log", LOG]);
  connection.polled({ status: 200, again: 15, frames: answered(poll), token: "t" }, 400);
  connection.tick(connection.due());
  connection.opened(900);
  const [frame] = sent(connection);
  hear(connection, HELLO, 901);
  hear(connection, { type: "append", sub: frame.sub, prev: 100, entries: [], id: 101, mac: "d101" }, 902);
  assert.equal(statuses(connection).at(-1), "online");
  assert.equal(connection.due(), 902 + live.PING_AFTER);
});

test("an answer that comes when a socket is open is too late", () => {
  const { connection, poll } = polling(["log", LOG]);
  connection.tick(connection.due());
  connection.opened(900);
  hear(connection, HELLO, 901);
  connection.effects();
  connection.polled({ status: 200, again: 15, frames: answered(poll), token: "t" }, 910);
  assert.deepEqual(connection.effects(), []);
});

test("a refused subscription is told and does not hold up the others", () => {
  const connection = opened(["log", LOG]);
  connection.subscribe("gone", { dataset: "puzzle", params: { slug: "gone" } });
  hear(connection, { type: "fail", rpc: 4, code: "not_found", error: "There is nothing here by that name." });
  assert.deepEqual(
    only(connection, "refused").map((effect) => [effect.key, effect.code]),
    [["gone", "not_found"]],
  );
  hear(connection, { type: "append", sub: "s1", prev: 90, entries: [], id: 100, mac: "d100" });
  assert.equal(connection.status.state, "online");
});

test("frames that are not understood are left alone", () => {
  const connection = opened(["log", LOG]);
  connection.effects();
  for (const text of ["", "[]", "null", "7", '{"type":"later"}', '{"type":"append","sub":"nobody"}']) connection.received(text, 0);
  assert.deepEqual(connection.effects(), []);
});
