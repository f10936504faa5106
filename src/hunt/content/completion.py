"""What `hunt.yaml` leaves open or gets wrong: left out and reported, or settled, so that the hunt can be played."""

import re
from collections.abc import Iterable
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from hunt.content.colours import accent_unreadable, colour_of
from hunt.content.model import STRAY_LEADS, Gate, HuntYaml, Interaction, RoundYaml, Slot
from hunt.content.names import Register, readable
from hunt.content.problems import Report, quoted
from hunt.content.yaml_file import Whereabouts

MIN_EXCHANGE_RATE = 1

Named = TypeVar("Named", Gate, Interaction)

_COLOUR = re.compile(r"#[0-9a-fA-F]{3,8}|[a-zA-Z]{3,30}|[a-z]{3,5}\([-+0-9a-z.,%/ ]{1,60}\)")


class Completion:
    """Leaves out settings that make no sense and things without a name of their own, fills in slugs and titles."""

    def __init__(self, whereabouts: Whereabouts, report: Report) -> None:
        self._whereabouts = whereabouts
        self._report = report
        self._rounds = Register("round", report)
        self._slots = Register("slot", report)
        self._slugs = Register("puzzle slug", report)
        self._gates = Register("gate", report)
        self._interactions = Register("interaction", report)

    def of(self, hunt: HuntYaml) -> HuntYaml:
        """The hunt as it can be played; without a title or a round it cannot."""
        rounds = tuple(self._round(round_) for round_ in hunt.rounds if self._has_slug(round_))
        if not rounds and self._whereabouts.has(hunt, "rounds"):
            self._error(hunt, "rounds", "there is no round that could be played")
        if hunt.start and hunt.end and hunt.end < hunt.start:
            self._error(hunt, "end", "the hunt ends before it starts")
        return replace(hunt, rounds=rounds, exchange_rate=self._exchange_rate(hunt), accent=self._accent(hunt))

    def _exchange_rate(self, hunt: HuntYaml) -> int:
        if hunt.exchange_rate < MIN_EXCHANGE_RATE:
            self._error(hunt, "exchange_rate", f"must be at least {MIN_EXCHANGE_RATE}")
        return max(hunt.exchange_rate, MIN_EXCHANGE_RATE)

    def _accent(self, hunt: HuntYaml) -> str | None:
        if hunt.accent is None or _COLOUR.fullmatch(hunt.accent):
            self._check_accent(hunt)
            return hunt.accent
        self._error(hunt, "accent", f'must be a colour like "#b5572c", not {quoted(hunt.accent)}')
        return None

    def _check_accent(self, hunt: HuntYaml) -> None:
        colour = None if hunt.accent is None else colour_of(hunt.accent)
        when = None if colour is None else accent_unreadable(colour)
        if when is not None:
            message = (
                f"{quoted(hunt.accent or '')} can hardly be read {when}: take a colour that is neither pale nor dark"
            )
            self._report.warning(self._whereabouts.of(hunt, "accent"), message)

    def _has_slug(self, round_: RoundYaml) -> bool:
        if round_.slug == STRAY_LEADS:
            message = f"no round may have the slug {quoted(STRAY_LEADS)}: locked rounds' puzzles have it"
            self._error(round_, "slug", message)
            return False
        return self._rounds.add(round_.slug, self._whereabouts.of(round_, "slug"))

    def _round(self, round_: RoundYaml) -> RoundYaml:
        interactions = self._named(round_.interactions, self._interactions)
        return replace(
            round_,
            title=round_.title or readable(round_.slug),
            puzzles=tuple(slot for slot in map(self._slot, round_.puzzles) if slot is not None),
            gates=self._named(round_.gates, self._gates),
            interactions=tuple(replace(item, title=item.title or readable(item.id)) for item in interactions),
        )

    def _slot(self, slot: Slot) -> Slot | None:
        if not self._slots.add(slot.id, self._whereabouts.of(slot, "id")):
            return None
        for slug in dict.fromkeys((slot.slug, slot.id)):
            if self._slugs.add(slug, self._whereabouts.of(slot, "slug")):
                completed = replace(slot, slug=slug)
                self._whereabouts.move(slot, completed)
                return completed
        return None

    def _named(self, items: Iterable[Named], register: Register) -> tuple[Named, ...]:
        return tuple(item for item in items if register.add(item.id, self._whereabouts.of(item, "id")))

    def _error(self, struct: Struct, field: str, message: str) -> None:
        self._report.error(self._whereabouts.of(struct, field), message)
