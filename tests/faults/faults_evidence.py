"""A correct run made by hand, for a checker to find nothing in; tests then spoil it."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

import msgspec
from benchmarks.faults.evidence import Command, Event, Evidence, Listener, Read, Redis, Restore, Row, Sighting
from benchmarks.faults.fold import ANYTHING, HuntShape, TeamFold, TeamLog
from benchmarks.faults.fold_values import DATASETS, team_state
from benchmarks.faults.histories import GENESIS, Histories, canonical

from hunt.game.entries import Entry, encode_entry

Value = dict[str, Any]

HUNT = {
    "rounds": [
        {
            "slug": "cellar",
            "title": "The Cellar",
            "puzzles": [{"id": "c1", "slug": "lamp"}, {"id": "c2", "slug": "rope"}, {"id": "c3", "slug": "trunk"}],
            "gates": [{"id": "start", "title": "It starts"}],
            "interactions": [{"id": "tea", "title": "Tea"}],
        },
        {"slug": "roof", "title": "The Roof", "puzzles": [{"id": "r1", "slug": "owl"}]},
    ]
}
TITLES = {"lamp": "Lamp", "rope": "Rope", "trunk": "Trunk", "owl": "Owl"}

SUBSCRIPTIONS = {
    "state": ("team_state", ""),
    "lamp": ("puzzle", "lamp"),
    "log": ("activity_log", ""),
    "guesses": ("guess_log", "lamp"),
}


def chained(rows: list[Row], digest: str = GENESIS) -> list[Row]:
    """The rows with digests that follow from each other."""
    for row in rows:
        plain = {name: value for name, value in row.items() if name != "digest"}
        plain["data"] = row["data"] and json.loads(row["data"])
        digest = row["digest"] = hashlib.sha256((digest + canonical(plain)).encode()).hexdigest()
    return rows


def body(row: Row) -> str:
    return canonical({**row, "data": row["data"] and json.loads(row["data"])})


def message(row: Row) -> tuple[str, dict[str, str]]:
    return f"0-{row['id']}", {"entry": body(row)}


def told(entry: Value) -> Value:
    """An entry as it is sent, with a sentence where the fold has none."""
    return {name: "A sentence." if value is ANYTHING else value for name, value in entry.items()}


class Socket:
    """What a correct server sends to one client."""

    def __init__(self, run: "Run", number: int, team_id: int) -> None:
        self.run = run
        self.listener = Listener(number=number, team_id=team_id)
        self.cursors: dict[str, int] = {}
        self.sent: dict[str, Value | None] = {}
        self.is_open = False
        self._calls = 0

    def event(self, what: Any, frame: Value | None = None, text: str = "") -> None:
        self.listener.events.append(Event(at=self.run.now, what=what, text=json.dumps(frame) if frame else text))

    def got(self, **frame: Any) -> None:
        self.event("got", frame)

    def open(self) -> None:
        """Connect and subscribe to everything, from where the client stands."""
        self.is_open = True
        self.event("opened", text="one")
        self.got(type="hello", conn="c", build="b", log=self.run.place)
        for name, (dataset, slug) in SUBSCRIPTIONS.items():
            self._calls += 1
            call = {"rpc": self._calls, "method": "sub", "sub": name, "dataset": dataset, "params": {"slug": slug}}
            if cursor := self.cursors.get(name):
                call |= {"since": cursor}
                call |= {"mac": self.run.mac(cursor)} if self.grows(name) else {}
            self.event("sent", call)
            self.got(type="sub", rpc=self._calls, sub=name, kind="growing" if self.grows(name) else "replaced")
            self.bring_up(name, fresh=True)

    def close(self) -> None:
        self.is_open = False
        self.event("closed", text="1012")

    def grows(self, name: str) -> bool:
        return SUBSCRIPTIONS[name][0] in {"activity_log", "guess_log"}

    def bring_up(self, name: str, *, fresh: bool = False) -> None:
        dataset, slug = SUBSCRIPTIONS[name]
        head = self.run.head
        if self.grows(name):
            cursor = self.cursors.get(name, 0)
            entries = [
                entry
                for entry in self.run.team_log(self.listener.team_id).entries(dataset, slug) or []
                if entry["id"] > cursor
            ]
            if entries or fresh:
                shown = [told(entry) for entry in entries]
                self.got(type="append", sub=name, prev=cursor, entries=shown, **self.run.place)
                self.cursors[name] = head
            return
        value = DATASETS[dataset](self.run.fold(self.listener.team_id), slug)
        if value is not None and (fresh or value != self.sent.get(name)):
            self.got(type="update", sub=name, value={**value, "epoch": head})
            self.sent[name], self.cursors[name] = value, head

    def reset(self) -> None:
        for name in SUBSCRIPTIONS:
            self.got(type="reset", sub=name)
            self.cursors.pop(name)
            self.bring_up(name, fresh=True)

    def head(self) -> None:
        self.got(type="head", **self.run.place)
        for name in filter(self.grows, SUBSCRIPTIONS):
            self.cursors[name] = self.run.head


class Run:
    """Grows a log row by row; every socket is told of it as it should be."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.sockets: list[Socket] = []
        self.commands: list[Command] = []
        self.reads: list[Read] = []
        self.restores: list[Restore] = []
        self.sightings: list[Sighting] = []
        self.now = 0.0

    @property
    def head(self) -> int:
        return len(self.rows)

    def digest(self, id: int) -> str:
        return str(self.rows[id - 1]["digest"]) if id else GENESIS

    def mac(self, id: int) -> str | None:
        return self._histories().final.mac(id)

    @property
    def place(self) -> Value:
        """The newest place in the log, as clients are sent it."""
        return {"id": self.head, "mac": self.mac(self.head)}

    def _histories(self) -> Histories:
        return Histories(self._evidence())

    def team_log(self, team_id: int) -> TeamLog:
        return TeamLog(HuntShape(self._evidence()), team_id, self._histories().final.lines)

    def fold(self, team_id: int) -> TeamFold:
        fold = TeamFold(HuntShape(self._evidence()), team_id)
        for line in self.team_log(team_id).lines:
            fold.apply(line)
        return fold

    def act(self, team_id: int | None, type: str, slug: str | None = None, keys: int = 0, **data: Any) -> None:
        """One row, acknowledged, published and shown to everybody."""
        self.now += 1.0
        row: Row = {
            "id": self.head + 1,
            "team_id": team_id,
            "timestamp": f"2026-01-16T17:{self.head // 60:02}:{self.head % 60:02}.000000Z",
            "type": type,
            "slug": slug,
            "currency_delta": keys,
            "strong_currency_delta": 0,
            "data": canonical(data) if data else None,
            "internal_data": None,
            "digest": "",
        }
        chained([row], self.digest(self.head))
        self.rows.append(row)
        self._acknowledge(row, data)
        for socket in self.sockets:
            for name in SUBSCRIPTIONS if socket.is_open else ():
                socket.bring_up(name)
        self.sightings.append(Sighting(at=self.now, entries=[message(row) for row in self.rows[-5:]]))

    def _acknowledge(self, row: Row, data: Value) -> None:
        expects = {
            "team_id": row["team_id"],
            "type": row["type"],
            "slug": row["slug"],
            "currency_delta": row["currency_delta"],
        }
        expects |= {f"data.{name}": value for name, value in data.items()}
        command = Command(
            key=f"key {len(self.commands)}",
            kind="guess",
            team_id=row["team_id"],
            expects=expects,
            sent_at=self.now - 0.5,
            answered_at=self.now,
            status=200,
            ids=[row["id"]],
            epoch=row["id"],
        )
        self.commands.append(command)

    def socket(self, team_id: int) -> Socket:
        socket = Socket(self, len(self.sockets), team_id)
        self.sockets.append(socket)
        socket.open()
        return socket

    def read(self, team_id: int) -> None:
        state = team_state(self.fold(team_id), "")
        entries = [told(entry) for entry in self.team_log(team_id).activity]
        bodies = {
            "/api/me": {"team": {}, "state": {**state, "epoch": self.head}},
            "/api/activity": {"entries": entries, "head": self.place},
        }
        for path, answer in bodies.items():
            self.reads.append(
                Read(
                    path=path,
                    team_id=team_id,
                    wanted=self.head,
                    sent_at=self.now,
                    answered_at=self.now,
                    status=200,
                    body=answer,
                    process="one",
                )
            )

    def restore(self, kept: int) -> None:
        """SQL goes back to an older dump."""
        self.now += 1.0
        self.restores.append(Restore(at=self.now, kept=kept, lost=self.rows[kept:]))
        self.rows = self.rows[:kept]

    def _evidence(self) -> Evidence:
        redis = Redis(stream=[], teams={}, scores={})
        return Evidence(
            seed=0,
            secret_key="a secret of servers",
            rows=self.rows,
            redis=redis,
            commands=[],
            listeners=[],
            restores=self.restores,
            hunt=HUNT,
            titles=TITLES,
        )

    def evidence(self) -> Evidence:
        """All of it, with a replica that is as it should be; a copy that a test may spoil."""
        evidence = self._evidence()
        teams = sorted({row["team_id"] for row in self.rows} - {None})
        evidence.redis.stream = [message(row) for row in self.rows]
        evidence.redis.teams = {
            str(id): [message(row) for row in self.rows if row["team_id"] in {None, id}] for id in teams
        }
        evidence.redis.scores = {str(id): float(self.head) for id in teams}
        evidence.commands, evidence.reads, evidence.sightings = self.commands, self.reads, self.sightings
        evidence.listeners = [socket.listener for socket in self.sockets]
        return decoded(evidence)


def row_of(entry: Entry) -> Row:
    """A row of the server's own making, as SQL gives it."""
    row: Row = json.loads(encode_entry(entry))
    return row | {name: row[name] and canonical(row[name]) for name in ("data", "internal_data")}


def decoded(evidence: Evidence) -> Evidence:
    return msgspec.json.decode(msgspec.json.encode(evidence), type=Evidence)


def a_run() -> Run:
    """Two teams, a few unlocks and guesses, and three sockets, one of which reconnects."""
    run = Run()
    run.act(1, "team_registered", username="owls", name="The Owls")
    run.act(2, "team_registered", username="bats", name="The Bats")
    run.act(None, "gate_completed", "start")
    for team_id in (1, 2):
        run.act(team_id, "round_unlocked", "cellar")
        run.act(team_id, "puzzle_unlocked", "lamp")
        run.act(team_id, "puzzle_visible", "rope")
    first, _, other = run.socket(1), run.socket(1), run.socket(2)
    run.act(1, "puzzle_guess_submitted", "lamp", canonical_input="A", verdict="incorrect", response="No.")
    run.act(None, "currency_adjusted", keys=2)
    first.close()
    run.act(2, "puzzle_guess_submitted", "lamp", canonical_input="LIGHT", verdict="correct", response="Yes.")
    run.act(2, "puzzle_solved", "lamp", keys=1, answer="LIGHT")
    first.open()
    other.head()
    run.read(1)
    run.act(None, "hints_unlocked", "owl")
    run.act(1, "puzzle_guess_submitted", "lamp", canonical_input="B", verdict="incorrect", response="No.")
    run.act(None, "announcement_published", text="Come and see.")
    run.act(1, "puzzle_unlockable", "rope")
    run.read(2)
    return run


def a_restored_run() -> Run:
    """The same; then SQL goes back to an older dump and grows differently."""
    run = a_run()
    run.restore(kept=11)
    for socket in run.sockets:
        socket.reset()
    run.act(1, "puzzle_guess_submitted", "lamp", canonical_input="OTHER", verdict="incorrect", response="No.")
    run.act(2, "puzzle_visible", "trunk")
    return run


def frames(evidence: Evidence, type: str, sub: str = "") -> list[tuple[Event, Value]]:
    """The frames of this type (for this subscription) that listeners got, the last first."""
    events = [event for listener in evidence.listeners for event in listener.events if event.what == "got"]
    got = [(event, json.loads(event.text)) for event in events]
    return [(event, frame) for event, frame in got if frame["type"] == type and frame.get("sub", "") == sub][::-1]


def change(
    evidence: Evidence, type: str, sub: str, edit: Callable[[Value], object], where: Callable[[Value], object] = bool
) -> None:
    """Edits the last such frame for which `where` holds."""
    event, frame = next((event, frame) for event, frame in frames(evidence, type, sub) if where(frame))
    edit(frame)
    event.text = json.dumps(frame)


def drop(evidence: Evidence, type: str, sub: str) -> None:
    """The last such frame was never sent."""
    dropped, _ = frames(evidence, type, sub)[0]
    for listener in evidence.listeners:
        listener.events = [event for event in listener.events if event is not dropped]


def insert_after(evidence: Evidence, place: Event, *new: Value) -> None:
    """Frames that came right after another."""
    for listener in evidence.listeners:
        for index, event in enumerate(listener.events):
            if event is place:
                added = [Event(at=event.at, what="got", text=json.dumps(frame)) for frame in new]
                listener.events[index + 1 : index + 1] = added
                return
