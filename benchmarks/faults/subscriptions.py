"""What a client holds of a dataset, and how far each of its subscriptions has come."""

from typing import Any

from msgspec import Struct

from benchmarks.faults.fold import Value

GROWING = {"activity_log", "guess_log"}
"""The growing datasets that are folded here."""


class Held(Struct, kw_only=True):
    """Kept through reconnections: the entries of a dataset that grows, or the newest value of one that is replaced."""

    team_id: int
    dataset: str
    slug: str
    html: bool
    entries: list[Any] = []
    """In the order in which they came."""
    base: int = 0
    """The client had all up to here from elsewhere."""
    cursor: int = 0
    value: Value | None = None
    text: str = ""
    is_blamed: bool = False
    """Something was found about it that explains a wrong end."""

    @property
    def grows(self) -> bool:
        return self.dataset in GROWING and not self.html

    @property
    def name(self) -> str:
        return f"{self.dataset} {self.slug}".strip()


class Subscription(Struct, kw_only=True):
    """`cursor` and `mac`: up to where the client has it all. A broken one is not judged before it begins anew."""

    held: Held
    cursor: int = 0
    mac: str | None = None
    is_broken: bool = False

    @classmethod
    def resumed(cls, held: Held, since: int, mac: str | None) -> "Subscription":
        """From `since` on; what the client held beyond it, it will be sent again."""
        if since > held.cursor:
            held.base, held.entries = since, []
        held.entries = [entry for entry in held.entries if entry["id"] <= since]
        held.cursor = since
        return cls(held=held, cursor=since, mac=mac)

    def blame(self) -> None:
        """No longer judged before it begins anew."""
        self.is_broken = self.held.is_blamed = True

    def advance(self, id: int, mac: str) -> None:
        self.cursor, self.mac = id, mac
        self.held.cursor = id

    def reset(self) -> None:
        self.cursor, self.mac, self.is_broken = 0, None, False
        self.held.entries, self.held.base, self.held.cursor = [], 0, 0
        self.held.value, self.held.text, self.held.is_blamed = None, "", False
