import assert from "node:assert/strict";
import { test } from "node:test";

import { Connection } from "../../src/hunt/web/static/live.js";
import { keyOf, RING, Switchboard } from "../../src/hunt/web/static/tabs.js";

const LOG = { dataset: "activity_log", params: {} };
const HUB = { dataset: "hub", params: { format: "html" } };

function office() {
  const said = [];
  const connection = new Connection(() => 0.5);
  const board = new Switchboard(connection, (tab, message) => said.push([tab, message]));
  const heard = (tab, type) => said.filter(([who, message]) => who === tab && message.type === type).map(([, message]) => message);
  return { connection, board, heard };
}

const append = (ids, id = ids.at(-1)) => ({ do: "append", key: keyOf(LOG), entries: ids.map((each) => ({ id: each })), id, mac: `d${id}` });

test("tabs that want the same share one subscription, and the last one to leave ends it", () => {
  const { connection, board } = office();
  board.attach("a", [{ ...HUB, since: 5 }]);
  board.attach("b", [{ ...HUB, since: 6 }]);
  assert.equal(connection.subs.size, 1);
  board.detach("a");
  assert.equal(connection.subs.size, 1);
  board.detach("b");
  assert.equal(connection.subs.size, 0);
});

test("the order of parameters does not make another subscription", () => {
  assert.equal(keyOf({ dataset: "puzzle", params: { a: 1, b: 2 } }), keyOf({ dataset: "puzzle", params: { b: 2, a: 1 } }));
});

test("a tab that comes later is given the value that is newer than its page, and no other", () => {
  const { board, heard } = office();
  board.attach("a", [{ ...HUB, since: 5 }]);
  board.route({ do: "update", key: keyOf(HUB), value: { html: "x", epoch: 9 } });
  board.attach("b", [{ ...HUB, since: 8 }]);
  board.attach("c", [{ ...HUB, since: 9 }]);
  assert.deepEqual(
    heard("b", "update").map((message) => message.value.epoch),
    [9],
  );
  assert.deepEqual(heard("c", "update"), []);
});

test("each tab gets the entries after its own place, once", () => {
  const { board, heard } = office();
  board.attach("a", [{ ...LOG, since: 5 }]);
  board.route(append([6, 7]));
  board.attach("b", [{ ...LOG, since: 6 }]);
  board.attach("c", [{ ...LOG, since: 8 }]);
  board.route(append([8, 9]));
  assert.deepEqual(
    heard("a", "append").map((message) => message.entries.map((entry) => entry.id)),
    [
      [6, 7],
      [8, 9],
    ],
  );
  assert.deepEqual(
    heard("b", "append").map((message) => message.entries.map((entry) => entry.id)),
    [[7], [8, 9]],
  );
  assert.deepEqual(
    heard("c", "append").map((message) => message.entries.map((entry) => entry.id)),
    [[9]],
  );
});

test("a tab that is further back than what is kept makes the line ask again, and nobody hears anything twice", () => {
  const { connection, board, heard } = office();
  board.attach("a", [{ ...LOG, since: 5, mac: "d5" }]);
  board.route(append([6]));
  board.attach("b", [{ ...LOG, since: 2, mac: "d2" }]);
  assert.equal(connection.subs.get(keyOf(LOG)).cursor, 2);
  board.route(append([3, 6]));
  assert.deepEqual(heard("a", "append").length, 1);
  assert.deepEqual(
    heard("b", "append").map((message) => message.entries.map((entry) => entry.id)),
    [[3, 6]],
  );
});

test("what is kept for later tabs is bounded", () => {
  const { board, heard, connection } = office();
  board.attach("a", [{ ...LOG, since: 0 }]);
  board.route(append(Array.from({ length: RING + 10 }, (_, index) => index + 1)));
  board.attach("b", [{ ...LOG, since: 10 }]);
  assert.equal(heard("b", "append")[0].entries.length, RING);
  board.attach("c", [{ ...LOG, since: 9, mac: "d9" }]);
  assert.equal(connection.subs.get(keyOf(LOG)).cursor, 9);
});

test("a reset reaches every tab and starts its place anew", () => {
  const { board, heard } = office();
  board.attach("a", [{ ...LOG, since: 50 }]);
  board.route({ do: "reset", key: keyOf(LOG) });
  board.route(append([1, 2]));
  assert.equal(heard("a", "reset").length, 1);
  assert.deepEqual(
    heard("a", "append")[0].entries.map((entry) => entry.id),
    [1, 2],
  );
});

test("a new tab is told how the line is, but not that it has caught up", () => {
  const { connection, board, heard } = office();
  connection.status = { state: "online", since: null, caughtUp: true };
  board.attach("a", []);
  assert.deepEqual(heard("a", "status"), [{ type: "status", status: { state: "online", since: null, caughtUp: false } }]);
});
