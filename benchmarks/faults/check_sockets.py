"""What every client of `/ws` was sent, frame by frame, beside what it should have been sent."""

import json
from typing import Any, Literal

from msgspec import Struct

from benchmarks.faults.check_appends import Appends
from benchmarks.faults.check_values import Claim, Values
from benchmarks.faults.evidence import Event, Listener
from benchmarks.faults.findings import Findings
from benchmarks.faults.fold import Value, without_epoch
from benchmarks.faults.fold_values import DATASETS
from benchmarks.faults.histories import Histories
from benchmarks.faults.subscriptions import GROWING, Held, Subscription

FIELDS: dict[str, dict[str, type | tuple[type, ...]]] = {
    "hello": {"conn": str, "build": str, "log": dict},
    "sub": {"rpc": (int, str), "sub": str, "kind": str},
    "unsub": {"rpc": (int, str), "sub": str},
    "pong": {"rpc": (int, str)},
    "fail": {"rpc": (int, str, type(None)), "code": str, "error": str},
    "update": {"sub": str, "value": dict},
    "append": {"sub": str, "prev": int, "entries": list, "id": int, "mac": str},
    "reset": {"sub": str},
    "head": {"id": int, "mac": str},
}
"""What each type of frame must have."""


class _Call(Struct, kw_only=True):
    method: Literal["sub", "unsub"]
    name: str
    held: Held | None = None
    since: int = 0
    mac: str | None = None


class Client:
    """Follows one listener through all its sockets."""

    def __init__(self, listener: Listener, histories: Histories, values: Values, findings: Findings) -> None:
        self._number = listener.number
        self._team_id = listener.team_id
        self._histories = histories
        self._values = values
        self._findings = findings
        self._appends = Appends(histories, values, self._add)
        self._held: dict[tuple[str, str, bool], Held] = {}
        self._subscriptions: dict[str, Subscription] = {}
        self._calls: dict[object, _Call] = {}
        self._wanted: dict[str, Held] = {}
        self._floor = 0
        self._asked = False
        self._at = 0.0

    def follow(self, events: list[Event]) -> None:
        for event in events:
            self._at = event.at
            if event.what == "opened":
                self._subscriptions, self._calls, self._floor, self._asked = {}, {}, 0, False
            elif event.what == "sent":
                self._sent(json.loads(event.text))
            elif event.what == "got":
                self._got(event.text)
        self._check_end()

    def _add(self, name: str, text: str) -> None:
        self._findings.add(name, f"listener {self._number} of team {self._team_id} at {self._at:.2f} s: {text}")

    def _sent(self, frame: Any) -> None:
        method = frame.get("method")
        if method == "sub":
            params = frame.get("params") or {}
            key = (frame["dataset"], params.get("slug", ""), params.get("format", "json") == "html")
            held = self._held.setdefault(key, Held(team_id=self._team_id, dataset=key[0], slug=key[1], html=key[2]))
            since, mac = frame.get("since") or 0, frame.get("mac")
            self._calls[frame["rpc"]] = _Call(method="sub", name=frame["sub"], held=held, since=since, mac=mac)
            if not self._asked:  # what the socket before was for counts until this one says what it is for
                self._asked, self._wanted = True, {}
            self._wanted[frame["sub"]] = held
        elif method == "unsub":
            self._calls[frame["rpc"]] = _Call(method="unsub", name=frame["sub"])
            self._wanted.pop(frame["sub"], None)

    def _got(self, text: str) -> None:
        frame = json.loads(text)
        kind = frame.get("type") if isinstance(frame, dict) else None
        missing = [name for name, types in FIELDS.get(str(kind), {}).items() if not isinstance(frame.get(name), types)]
        if kind not in FIELDS or missing:
            self._add("missing_field", f"{', '.join(missing) or 'a known type'} is not in the frame {text[:200]}")
            self._distrust(frame)
            return
        match kind:
            case "sub" | "unsub" | "fail":
                self._answered(kind, frame)
            case "hello":
                if not self._histories.with_mac(frame["log"].get("id"), frame["log"].get("mac")):
                    self._add("phantom", f"the log was never at {frame['log']}")
            case "head":
                for subscription in self._subscriptions.values():
                    if subscription.held.grows and not subscription.is_broken:
                        self._appends.head(subscription, frame)
            case "append" | "update" | "reset":
                self._about(kind, frame, text)

    def _distrust(self, frame: Any) -> None:
        """After a frame that cannot be read, its subscription is not judged before it begins anew."""
        name = frame.get("sub") if isinstance(frame, dict) else None
        if isinstance(name, str) and name in self._subscriptions:
            self._subscriptions[name].blame()

    def _answered(self, kind: str, frame: Value) -> None:
        call = self._calls.pop(frame["rpc"], None)
        if call is None:
            return
        if kind == "unsub":
            self._subscriptions.pop(call.name, None)
        elif kind == "sub" and call.held is not None:
            self._subscriptions[call.name] = Subscription.resumed(call.held, call.since, call.mac)
        elif kind == "fail" and call.method == "sub":
            self._wanted.pop(call.name, None)

    def _about(self, kind: str, frame: Value, text: str) -> None:
        subscription = self._subscriptions.get(frame["sub"])
        if subscription is None:
            self._add("phantom", f"a frame for the subscription {frame['sub']}, which there is not: {text[:200]}")
        elif kind == "reset":
            self._reset(subscription)
        elif subscription.is_broken:
            return
        elif kind == "append":
            self._appends.append(subscription, frame)
        else:
            self._updated(subscription, frame["value"], text)

    def _reset(self, subscription: Subscription) -> None:
        if not self._is_justified(subscription):
            told = f"{subscription.held.name} at {subscription.cursor} was reset, and the log still has that"
            self._add("needless_reset", told)
        subscription.reset()
        self._floor = 0

    def _is_justified(self, subscription: Subscription) -> bool:
        cursor, mac = subscription.cursor, subscription.mac
        if subscription.is_broken or cursor == 0:
            return subscription.is_broken
        if mac is not None:
            return self._histories.current(self._at).mac(cursor) != mac
        return subscription.held.grows or self._histories.lost_since(cursor, self._at)

    def _updated(self, subscription: Subscription, value: Value, text: str) -> None:
        epoch, held = value.get("epoch"), subscription.held
        if not isinstance(epoch, int):
            self._add("missing_field", f"epoch is not in the value {text[:200]}")
            held.is_blamed = True
            return
        if epoch < subscription.cursor:
            self._add("epoch_went_back", f"{held.name} went from {subscription.cursor} to {epoch}")
        elif epoch < self._floor and not self._histories.lost_since(self._floor, self._at):
            self._add("epoch_went_back", f"{held.name} is of {epoch} on a socket that was at {self._floor}")
        subscription.cursor, subscription.mac = epoch, None
        self._floor = max(self._floor, epoch)
        held.value, held.text, held.is_blamed = without_epoch(value), text, False
        self._values.claim(self._claim(held, epoch), text)

    def _claim(self, held: Held, epoch: int) -> Claim:
        told = f"listener {self._number} of team {self._team_id} at {self._at:.2f} s: {held.name}"
        return Claim(
            team_id=self._team_id,
            dataset=f"{held.dataset} as HTML" if held.html else held.dataset,
            slug=held.slug,
            epoch=epoch,
            value=held.value,
            at=self._at,
            told=told,
        )

    def _check_end(self) -> None:
        self._at = max(self._at, self._histories.final.began)
        for held in self._wanted.values():
            if held.dataset in GROWING and not held.html:
                self._appends.end(held)
            elif held.dataset in DATASETS and not held.html and not held.is_blamed:
                self._values.final(self._claim(held, self._histories.final.head), held.text)
