"""The rounds of `hunt.yaml`: everything in them named once, and their folders read."""

from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

import msgspec

from hunt.content.documents import ASSETS, Shelf, read_document
from hunt.content.folder import HuntFolder
from hunt.content.links import Links
from hunt.content.model import STRAY_LEADS, Gate, Interaction, Round, RoundYaml, Slot
from hunt.content.names import Register, readable
from hunt.content.problems import Report, quoted
from hunt.content.yaml_file import Whereabouts

_SERVED = {"art.svg", "art.png", "art.jpg", "art.webp", "style.css"}
"""What is served of a round's folder beside its assets."""

Named = TypeVar("Named", Gate, Interaction)


class Completion:
    """Leaves out what has no name of its own, which was or is reported, and fills in slugs and titles."""

    def __init__(self, whereabouts: Whereabouts, report: Report) -> None:
        self._whereabouts = whereabouts
        self._report = report
        self._rounds = Register("round", report)
        self._slots = Register("slot", report)
        self._slugs = Register("puzzle slug", report)
        self._gates = Register("gate", report)
        self._interactions = Register("interaction", report)

    def rounds(self, rounds: Iterable[RoundYaml]) -> tuple[RoundYaml, ...]:
        return tuple(self._round(round_) for round_ in rounds if self._has_slug(round_))

    def _has_slug(self, round_: RoundYaml) -> bool:
        where = self._whereabouts.of(round_, "slug")
        if round_.slug == STRAY_LEADS:
            self._report.error(
                where, f"no round may have the slug {quoted(STRAY_LEADS)}: locked rounds' puzzles have it"
            )
            return False
        return self._rounds.add(round_.slug, where)

    def _round(self, round_: RoundYaml) -> RoundYaml:
        interactions = self._named(round_.interactions, self._interactions)
        return msgspec.structs.replace(
            round_,
            title=round_.title or readable(round_.slug),
            puzzles=tuple(slot for slot in map(self._slot, round_.puzzles) if slot is not None),
            gates=self._named(round_.gates, self._gates),
            interactions=tuple(
                msgspec.structs.replace(item, title=item.title or readable(item.id)) for item in interactions
            ),
        )

    def _slot(self, slot: Slot) -> Slot | None:
        if not self._slots.add(slot.id, self._whereabouts.of(slot, "id")):
            return None
        for slug in dict.fromkeys((slot.slug, slot.id)):
            if self._slugs.add(slug, self._whereabouts.of(slot, "slug")):
                completed = msgspec.structs.replace(slot, slug=slug)
                self._whereabouts.move(slot, completed)
                return completed
        return None

    def _named(self, items: Iterable[Named], register: Register) -> tuple[Named, ...]:
        return tuple(item for item in items if register.add(item.id, self._whereabouts.of(item, "id")))


def read_round(folder: HuntFolder, home: Path | None, round_: RoundYaml, links: Links) -> Round:
    """The round with its page, style, art and assets."""
    values = msgspec.structs.asdict(round_)
    if home is None:
        return Round(**values)
    address = f"/rounds/{quote(round_.slug, safe='')}/{ASSETS}"
    beside = {
        name: path for name, path in folder.children(home).items() if name in _SERVED and folder.is_served(path, home)
    }
    assets = folder.files_below(home / "assets") | beside
    shelves = [Shelf(ASSETS, address, assets), Shelf("", address, beside)]
    return Round(**values, html=read_document(folder, home, "round", shelves, links) or "", assets=assets)
