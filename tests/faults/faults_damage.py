"""Each kind of damage that a run can have, by the name under which the checker has to find it."""

import json
from collections.abc import Callable

from benchmarks.faults.evidence import Command, Event, Evidence, Fault, Row, Sighting
from benchmarks.faults.histories import canonical
from faults_evidence import (
    Value,
    a_restored_run,
    a_run,
    chained,
    change,
    drop,
    frames,
    insert_after,
    message,
)

Spoil = Callable[[Evidence], Evidence | None]
SPOILED: dict[str, list[Spoil]] = {}


def spoils(name: str) -> Callable[[Spoil], Spoil]:
    """The function does the damage that the checker has to find by this name, and by no other."""

    def listed(spoil: Spoil) -> Spoil:
        SPOILED.setdefault(name, []).append(spoil)
        return spoil

    return listed


def _entries(at_least: int) -> Callable[[Value], bool]:
    return lambda frame: len(frame["entries"]) >= at_least


def only_sql(evidence: Evidence, *more: Row) -> None:
    """Nothing but a log, which goes on with these rows, and its replica."""
    for name in ("listeners", "reads", "sightings"):
        setattr(evidence, name, [])
    evidence.rows += more
    replicate(evidence, chained(evidence.rows))


def replicate(evidence: Evidence, rows: list[Row]) -> None:
    evidence.redis.stream = [message(row) for row in rows]
    evidence.redis.teams, evidence.redis.scores = {}, {}


@spoils("hole_in_the_log")
def _(evidence: Evidence) -> None:
    evidence.rows[-1]["id"] += 1
    evidence.commands.pop()
    only_sql(evidence)


@spoils("broken_chain")
def _(evidence: Evidence) -> None:
    only_sql(evidence)
    evidence.rows[3]["timestamp"] = "2026-01-16T17:00:59.000000Z"
    replicate(evidence, evidence.rows)


@spoils("guess_written_twice")
def _(evidence: Evidence) -> None:
    guess = next(row for row in evidence.rows if row["type"] == "puzzle_guess_submitted")
    evidence.commands.clear()
    only_sql(evidence, {**guess, "id": len(evidence.rows) + 1})


@spoils("written_twice")
def _(evidence: Evidence) -> None:
    only_sql(evidence, {**evidence.rows[0], "id": len(evidence.rows) + 1})


@spoils("acknowledged_lost")
def _(evidence: Evidence) -> None:
    evidence.commands.append(
        Command(key="lost", kind="ask", team_id=1, expects={"type": "hint_requested"}, sent_at=1.0, status=201)
    )


@spoils("acknowledged_lost")
def _(_evidence: Evidence) -> Evidence:
    run = a_restored_run()
    late = run.commands[12]
    late.sent_at = late.answered_at = run.now
    return run.evidence()


@spoils("acknowledged_lost")
def _(_evidence: Evidence) -> Evidence:
    run = a_restored_run()
    repeated = run.commands[12]
    repeated.attempts, repeated.asked_at = 2, run.now
    return run.evidence()


@spoils("refused_but_written")
def _(evidence: Evidence) -> None:
    evidence.commands[-1].status = 409


@spoils("wrong_ids")
def _(evidence: Evidence) -> None:
    evidence.commands[-1].ids = [1, 2]


@spoils("answer_before_own_act")
def _(evidence: Evidence) -> None:
    evidence.commands[-1].epoch = 3


@spoils("server_error")
def _(evidence: Evidence) -> None:
    evidence.commands[-1].status = 500


@spoils("server_error")
def _(evidence: Evidence) -> None:
    evidence.reads[-1].status = 500


@spoils("missing_field")
def _(evidence: Evidence) -> None:
    change(evidence, "hello", "", lambda frame: frame.pop("build"))


@spoils("missing_field")
def _(evidence: Evidence) -> None:
    change(evidence, "update", "state", lambda frame: frame["value"].pop("epoch"))


@spoils("missing_field")
def _(evidence: Evidence) -> None:
    change(evidence, "append", "log", lambda frame: frame.pop("prev"))


@spoils("gap_in_frames")
def _(evidence: Evidence) -> None:
    change(evidence, "append", "log", lambda frame: frame.update(prev=frame["prev"] + 1))


@spoils("overlapping_frames")
def _(evidence: Evidence) -> None:
    change(evidence, "append", "log", lambda frame: frame.update(prev=frame["prev"] - 1))


@spoils("cursor_went_back")
def _(evidence: Evidence) -> None:
    place, frame = frames(evidence, "append", "log")[0]
    back = {"id": 3, "mac": a_run().mac(3), "entries": []}
    insert_after(evidence, place, {**frame, **back, "prev": frame["id"]})


@spoils("skipped_reset")
def _(_evidence: Evidence) -> Evidence:
    run = a_run()
    before = {name: cursor for name, cursor in run.sockets[0].cursors.items() if name == "log"}
    sockets, run.sockets = run.sockets, []
    run.restore(kept=11)
    for text in "XYZVW":
        run.act(2, "puzzle_guess_submitted", "lamp", canonical_input=text, verdict="incorrect", response="No.")
    sockets[0].got(type="append", sub="log", prev=before["log"], entries=[], **run.place)
    run.sockets = sockets
    for socket in sockets:
        socket.reset()
    return run.evidence()


@spoils("needless_reset")
def _(_evidence: Evidence) -> Evidence:
    run = a_run()
    run.sockets[0].reset()
    return run.evidence()


@spoils("phantom")
def _(evidence: Evidence) -> None:
    change(evidence, "hello", "", lambda frame: frame["log"].update(mac="0" * 32))


@spoils("phantom")
def _(evidence: Evidence) -> None:
    change(evidence, "append", "guesses", lambda frame: frame.update(mac="f" * 32))


@spoils("phantom")
def _(evidence: Evidence) -> None:
    change(evidence, "update", "lamp", lambda frame: frame["value"].update(epoch=99))


@spoils("phantom")
def _(evidence: Evidence) -> None:
    change(evidence, "append", "log", lambda frame: frame["entries"].append({**frame["entries"][-1], "id": 99}))


@spoils("lost_entry")
def _(evidence: Evidence) -> None:
    change(evidence, "append", "log", lambda frame: frame["entries"].pop(), _entries(1))


@spoils("lost_entry")
def _(evidence: Evidence) -> None:
    """A head that says that there was nothing."""
    place, frame = next(found for found in frames(evidence, "append", "log") if found[1]["entries"])
    place.text = json.dumps({"type": "head", "id": frame["id"], "mac": frame["mac"]})


@spoils("seen_twice")
def _(evidence: Evidence) -> None:
    change(evidence, "append", "log", lambda frame: frame["entries"].append(frame["entries"][-1]), _entries(1))


@spoils("seen_twice")
def _(evidence: Evidence) -> None:
    """An entry of the frame before comes again."""
    (_, last), (_, before) = [found for found in frames(evidence, "append", "log") if found[1]["entries"]][:2]
    change(evidence, "append", "log", lambda frame: frame["entries"].insert(0, before["entries"][-1]))
    assert last["prev"] == before["id"]


@spoils("unordered")
def _(evidence: Evidence) -> None:
    change(evidence, "append", "log", lambda frame: frame["entries"].reverse(), _entries(3))


@spoils("foreign_entry")
def _(evidence: Evidence) -> None:
    change(evidence, "append", "log", lambda frame: frame["entries"].append({"id": 1}), lambda frame: not frame["prev"])


@spoils("locked_entry")
def _(evidence: Evidence) -> None:
    locked = next(row["id"] for row in evidence.rows if row["slug"] == "owl")
    change(
        evidence,
        "append",
        "log",
        lambda frame: frame["entries"].insert(0, {"id": locked}),
        lambda frame: frame["prev"] < locked <= frame["id"],
    )


@spoils("wrong_entry")
def _(evidence: Evidence) -> None:
    change(evidence, "append", "log", lambda frame: frame["entries"][0].update(title="Another"), _entries(1))


@spoils("epoch_went_back")
def _(evidence: Evidence) -> None:
    (place, newest), (_, before) = frames(evidence, "update", "state")[:2]
    insert_after(evidence, place, before, newest)


@spoils("epoch_went_back")
def _(evidence: Evidence) -> None:
    """On the socket, though not of the subscription."""
    (place, newest), *older = frames(evidence, "update", "state")
    puzzle = next(frame for _, frame in older if frame["value"]["epoch"] < newest["value"]["epoch"])
    insert_after(evidence, place, {**puzzle, "sub": "again"}, {**newest, "sub": "again"})
    call = {"rpc": 99, "method": "sub", "sub": "again", "dataset": "team_state"}
    insert_after(evidence, place, {"type": "sub", "rpc": 99, "sub": "again", "kind": "replaced"})
    events = next(listener.events for listener in evidence.listeners if place in listener.events)
    events.insert(events.index(place) + 1, Event(at=place.at, what="sent", text=json.dumps(call)))


@spoils("stale_value")
def _(evidence: Evidence) -> None:
    (_, newest), (_, before) = frames(evidence, "update", "lamp")[:2]
    change(
        evidence,
        "update",
        "lamp",
        lambda frame: frame.update(value={**before["value"], "epoch": newest["value"]["epoch"]}),
    )


@spoils("wrong_value")
def _(evidence: Evidence) -> None:
    change(evidence, "update", "state", lambda frame: frame["value"].update(currency=99))


@spoils("locked_content")
def _(evidence: Evidence) -> None:
    change(evidence, "update", "state", lambda frame: frame["value"]["puzzles"].update(owl={"title": "Owl"}))


@spoils("not_converged")
def _(evidence: Evidence) -> None:
    drop(evidence, "update", "state")


@spoils("not_converged")
def _(evidence: Evidence) -> None:
    drop(evidence, "append", "log")


@spoils("replica_behind")
def _(evidence: Evidence) -> None:
    evidence.redis.stream.pop()


@spoils("replica_hole")
def _(evidence: Evidence) -> None:
    del evidence.redis.stream[4]


@spoils("replica_hole")
def _(evidence: Evidence) -> None:
    del evidence.sightings[-1].entries[2]


@spoils("replica_extra")
def _(evidence: Evidence) -> None:
    evidence.redis.stream.append(("0-99", evidence.redis.stream[-1][1]))


@spoils("replica_differs")
def _(evidence: Evidence) -> None:
    evidence.redis.stream[5][1]["entry"] += " "


@spoils("replica_differs")
def _(evidence: Evidence) -> None:
    evidence.sightings[-1].entries[-1][1]["entry"] += " "


@spoils("replica_phantom")
def _(evidence: Evidence) -> None:
    forged = canonical({**evidence.rows[-1], "digest": "e" * 64})
    evidence.sightings[-1].entries[-1] = (f"0-{len(evidence.rows)}", {"entry": forged})


@spoils("replica_glued")
def _(_evidence: Evidence) -> Evidence:
    run = a_restored_run()
    old = message(run.restores[0].lost[0])
    run.sightings[-1].entries = [old, message(run.rows[12])]
    return run.evidence()


@spoils("replica_went_back")
def _(evidence: Evidence) -> None:
    evidence.sightings.append(Sighting(at=evidence.sightings[-1].at + 1, entries=evidence.sightings[3].entries))


@spoils("team_index_ahead")
def _(evidence: Evidence) -> None:
    evidence.redis.teams["1"].pop()


@spoils("team_index_ahead")
def _(evidence: Evidence) -> None:
    evidence.redis.scores["1"] += 1


@spoils("team_stream_differs")
def _(evidence: Evidence) -> None:
    evidence.redis.teams["1"][2] = evidence.redis.teams["2"][2]


@spoils("team_stream_differs")
def _(evidence: Evidence) -> None:
    del evidence.redis.scores["2"]


@spoils("not_repaired")
def _(evidence: Evidence) -> None:
    evidence.faults.append(Fault(kind="flush", at=1.0, until=1.0))


@spoils("not_repaired")
def _(evidence: Evidence) -> None:
    evidence.faults.append(Fault(kind="flush", at=1.0, until=1.0, repaired_at=12.0, allowed=10.0))


@spoils("stale_read")
def _(evidence: Evidence) -> None:
    for read in evidence.reads:
        read.wanted += 1


@spoils("wrong_read")
def _(evidence: Evidence) -> None:
    evidence.reads[0].body["state"]["currency"] += 1


@spoils("wrong_read")
def _(evidence: Evidence) -> None:
    evidence.reads[1].body["entries"].pop()
