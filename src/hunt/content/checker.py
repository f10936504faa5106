"""Checks that look at a hunt as a whole: its head, slots that never open, files that nobody uses."""

import re
from collections.abc import Iterable

import msgspec

from hunt.content.folder import HuntFolder
from hunt.content.model import HuntYaml
from hunt.content.names import folded
from hunt.content.problems import Report, quoted
from hunt.content.yaml_file import Whereabouts

FOLDERS = ("puzzles", "rounds", "pages", "theme")

_COLOUR = re.compile(r"#[0-9a-fA-F]{3,8}|[a-zA-Z]{3,30}|[a-z]{3,5}\([-+0-9a-z.,%/ ]{1,60}\)")


def with_usable_head(hunt: HuntYaml, whereabouts: Whereabouts, report: Report) -> HuntYaml:
    """The hunt with every setting that makes no sense replaced by its default, and reported."""
    if hunt.start and hunt.end and hunt.end < hunt.start:
        report.error(whereabouts.of(hunt, "end"), "the hunt ends before it starts")
    if not hunt.rounds and whereabouts.has(hunt, "rounds"):
        report.error(whereabouts.of(hunt, "rounds"), "there is no round that could be played")
    changes: dict[str, object] = {}
    if hunt.exchange_rate < 1:
        report.error(whereabouts.of(hunt, "exchange_rate"), "must be at least 1")
        changes["exchange_rate"] = 1
    if hunt.accent is not None and not _COLOUR.fullmatch(hunt.accent):
        report.error(whereabouts.of(hunt, "accent"), f'must be a colour like "#b5572c", not {quoted(hunt.accent)}')
        changes["accent"] = None
    changed = msgspec.structs.replace(hunt, **changes)
    whereabouts.move(hunt, changed)
    return changed


def check_slots(hunt: HuntYaml, whereabouts: Whereabouts, report: Report) -> None:
    """Warns of every slot that has no condition under which its puzzle could be unlocked."""
    for slot in (slot for round_ in hunt.rounds for slot in round_.puzzles):
        if slot.unlockable_if is None and slot.unlocked_if is None:
            message = (
                f"slot {quoted(slot.id)} has neither `unlockable_if` nor `unlocked_if`: it never unlocks by itself"
            )
            report.warning(whereabouts.of(slot), message)


def check_leftovers(folder: HuntFolder, hunt: HuntYaml) -> None:
    """Warns of folders that nothing in the hunt uses, and of files where folders belong."""
    slots = [slot for round_ in hunt.rounds for slot in round_.puzzles]
    _check_unused(folder, "puzzles", "slot", {folded(slot.slug or slot.id) for slot in slots})
    _check_unused(folder, "rounds", "round", {folded(round_.slug) for round_ in hunt.rounds})
    for name, path in folder.children(folder.root).items():
        if name in FOLDERS and not path.is_dir():
            folder.report.error(folder.where(path), f"{quoted(name)} must be a folder")
        elif path.is_dir() and name not in FOLDERS:
            near = folder.report.did_you_mean(name, FOLDERS)
            if near:
                folder.report.warning(folder.where(path), f"nothing reads this folder{near}")


def _check_unused(folder: HuntFolder, kind: str, user: str, used: Iterable[str]) -> None:
    there = folder.children(folder.root / kind)
    free = [name for name in used if name not in there]
    for name, path in there.items():
        if path.is_dir() and name not in used:
            message = f"no {user} uses this folder{folder.report.did_you_mean(name, free)}"
            folder.report.warning(folder.where(path), message)
