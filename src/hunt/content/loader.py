"""A hunt folder becomes a `Hunt`, with a list of everything that is wrong with it.

While a hunt is played, its folder is read again: what cannot be played in it then stays as it was, part by part.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from hunt.content.completion import Completion
from hunt.content.documents import Links, read_titled
from hunt.content.file_checks import check_files
from hunt.content.folder import HuntFolder
from hunt.content.model import STYLE_FILE, Hunt, HuntYaml, Page, Puzzle, Round, RoundYaml, Slot
from hunt.content.names import fault_of, readable
from hunt.content.problems import HuntUnreadable, Loaded, Problem, Report, Where, quoted
from hunt.content.puzzle_folder import read_puzzle, stub
from hunt.content.reach import check_reach
from hunt.content.reader import read_struct
from hunt.content.references import check_references
from hunt.content.round_folder import read_round
from hunt.content.spelling import folded
from hunt.content.yaml_file import Whereabouts

HUNT_FILE = "hunt.yaml"
FOLDERS = ("puzzles", "rounds", "pages", "theme")

Part = TypeVar("Part")


def load(folder: Path) -> Loaded:
    """The hunt in a folder, as far as it makes sense; raises `HuntUnreadable` where there is none to speak of."""
    try:
        return _Loader(folder).load()
    except OSError as error:
        raise HuntUnreadable([_unreadable(error)]) from error


def load_again(folder: Path, last: Loaded, *, stubs: bool) -> Loaded:
    """The hunt in a folder that is being played, where everything that cannot be played stays as it was in `last`.

    That is what has errors (unless it had some before, and is played all the same), and what is gone although the hunt
    still needs it. A stub never takes the place of a puzzle; where `stubs` is false there are no new ones at all.
    """
    try:
        return _Loader(folder, last).load_again(stubs=stubs)
    except OSError as error:
        return Loaded(last.hunt, (_unreadable(error),), last.faulty, (HUNT_FILE,))


def _unreadable(error: OSError) -> Problem:
    return Problem(level="error", file=str(error.filename), message=f"this cannot be read: {error.strerror}")


class _Loader:
    def __init__(self, root: Path, last: Loaded | None = None) -> None:
        self._root = root
        self._last = last
        self._before = None if last is None else last.hunt
        self._report = Report()
        self._whereabouts = Whereabouts()
        self._links = Links()
        self._folder = HuntFolder(root, self._report)
        self._faulty: set[str] = set()
        self._kept: list[str] = []

    def load(self) -> Loaded:
        return self._with_files(self._part(HUNT_FILE, self._structure, None))

    def load_again(self, *, stubs: bool) -> Loaded:
        hunt_yaml = self._structure_or_last()
        loaded = self._with_files(hunt_yaml)
        if hunt_yaml is self._before:
            return loaded
        unwritten = [slot for slot in hunt_yaml_slots(hunt_yaml) if self._is_new_stub(slot, loaded.hunt, stubs=stubs)]
        if not unwritten:
            return loaded
        again = _Loader(self._root, self._last)
        for slot in unwritten:
            message = f"slot {quoted(slot.id)} would be filled with a stub: there is no puzzle {quoted(slot.slug)} yet"
            again._report.error(self._whereabouts.of(slot, "slug"), message)
        return again._with_files(again._last_structure())

    def _structure_or_last(self) -> HuntYaml:
        before: HuntYaml | None = self._before
        try:
            return self._part(HUNT_FILE, self._structure, before)
        except HuntUnreadable:
            return self._last_structure()

    def _last_structure(self) -> HuntYaml:
        if self._before is None:
            raise AssertionError("nothing was loaded before")
        self._keep(HUNT_FILE, "cannot be taken over")
        return self._before

    def _is_new_stub(self, slot: Slot, hunt: Hunt, *, stubs: bool) -> bool:
        """Whether the slot gets a stub that it may not have: in the place of a puzzle, or where no stub is played."""
        if self._before is None or not hunt.puzzles[slot.slug].is_stub:
            return False
        if slot.slug in self._before.puzzles:  # that puzzle was a stub before
            return False
        old = self._before.slots.get(slot.id)
        return not stubs or (old is not None and not self._before.puzzles[old.slug].is_stub)

    def _part(
        self, name: str, read: Callable[[], Part], last: Part | None, worse: Callable[[Part], str | None] | None = None
    ) -> Part:
        """What `read` gives, or `last` where that has errors or is `worse`, which says why as the end of a sentence."""
        errors = self._report.errors
        part = read()
        has_errors = self._report.errors > errors
        was_faulty = self._last is not None and name in self._last.faulty
        why = worse(part) if worse is not None else None
        if has_errors and (why is not None or not was_faulty):
            why = "has errors"
        if last is None or why is None:
            if has_errors:
                self._faulty.add(name)
            return part
        if was_faulty:
            self._faulty.add(name)
        self._keep(name, why)
        return last

    def _keep(self, name: str, why: str) -> None:
        self._kept.append(name)
        self._report.error(Where(name), f"teams still have this as it was before, because it {why}")

    def _structure(self) -> HuntYaml:
        hunt_yaml = self._read()
        check_references(hunt_yaml, self._whereabouts, self._report)
        check_reach(hunt_yaml, self._whereabouts, self._report)
        completed = Completion(self._whereabouts, self._report).of(hunt_yaml)
        if not completed.title or not completed.rounds:
            raise HuntUnreadable(self._report.in_order())
        return completed

    def _read(self) -> HuntYaml:
        path = self._folder.root / HUNT_FILE
        if not path.parent.is_dir():
            self._report.error(Where(str(path.parent)), "there is no such folder")
        elif not path.exists():
            near = next((name for name in self._folder.children(path.parent) if _is_nearly(name)), None)
            hint = "" if near is None else f"; did you mean {quoted(near)} to be it? Rename it to {HUNT_FILE}"
            self._report.error(
                Where(HUNT_FILE), f"there is no such file in {path.parent}, so there is no hunt in it{hint}"
            )
        else:
            found = self._folder.read_yaml(path, self._whereabouts)
            hunt_yaml = None if found is None else read_struct(HuntYaml, *found, "")
            if hunt_yaml is not None:
                return hunt_yaml
        raise HuntUnreadable(self._report.in_order())

    def _with_files(self, hunt_yaml: HuntYaml) -> Loaded:
        values = {name: getattr(hunt_yaml, name) for name in HuntYaml.__struct_fields__}
        values["rounds"] = self._rounds(hunt_yaml)
        puzzles, pages = self._puzzles(hunt_yaml), self._pages()
        theme = self._folder.files_below(self._folder.root / "theme")
        check_files(self._folder, {name: path for name, path in theme.items() if name == STYLE_FILE})
        hunt = Hunt(**values, root=self._folder.root, puzzles=puzzles, pages=pages, theme=theme)
        self._links.check(hunt, self._report)
        self._check_folders(hunt_yaml)
        return Loaded(hunt, self._report.in_order(), frozenset(self._faulty), tuple(self._kept))

    def _rounds(self, hunt_yaml: HuntYaml) -> tuple[Round, ...]:
        homes = self._folder.children(self._folder.root / "rounds")
        return tuple(self._round(round_, homes.get(folded(round_.slug))) for round_ in hunt_yaml.rounds)

    def _round(self, round_: RoundYaml, home: Path | None) -> Round:
        last = None if self._before is None else self._before.round.get(round_.slug)
        kept = None
        if last is not None:
            values = {name: getattr(round_, name) for name in RoundYaml.__struct_fields__}
            kept = Round(**values, html=last.html, assets=last.assets)
        return self._part(
            f"rounds/{round_.slug}",
            lambda: read_round(self._folder, home, round_, self._links),
            kept,
            lambda _: "has no folder any more" if home is None and last and (last.html or last.assets) else None,
        )

    def _puzzles(self, hunt_yaml: HuntYaml) -> dict[str, Puzzle]:
        homes = self._folder.children(self._folder.root / "puzzles")
        return {slot.slug: self._puzzle(slot, homes) for slot in hunt_yaml_slots(hunt_yaml)}

    def _puzzle(self, slot: Slot, homes: dict[str, Path]) -> Puzzle:
        last = None if self._before is None else self._before.puzzles.get(slot.slug)

        def worse(puzzle: Puzzle) -> str | None:
            if last is None or last.is_stub:
                return None
            if puzzle.is_stub:
                return "is not there any more (a puzzle is removed by taking its slot out of hunt.yaml)"
            return "has an empty page" if last.html.strip() and not puzzle.html.strip() else None

        return self._part(f"puzzles/{slot.slug}", lambda: self._read_puzzle(slot, homes), last, worse)

    def _read_puzzle(self, slot: Slot, homes: dict[str, Path]) -> Puzzle:
        home = homes.get(folded(slot.slug))
        if home is not None and home.is_dir():
            return read_puzzle(self._folder, home, slot.slug, self._links)
        why = f"there is no folder puzzles/{slot.slug} yet" if slot.slug != slot.id else "it has no slug yet"
        where = Where(HUNT_FILE) if HUNT_FILE in self._kept else self._whereabouts.of(slot, "slug")
        self._report.warning(where, f"slot {quoted(slot.id)} is filled with a stub: {why}")
        return stub(slot.slug)

    def _pages(self) -> dict[str, Page]:
        home = self._folder.root / "pages"
        before = {} if self._before is None else self._before.pages
        if before and not home.exists():
            self._keep("pages", "has no folder any more (a page is removed by deleting its file)")
            return before
        pages = (self._page(path, before) for path in self._folder.children(home).values() if path.suffix == ".md")
        return {page.name: page for page in pages if page is not None}

    def _page(self, path: Path, before: dict[str, Page]) -> Page | None:
        name = folded(path.stem)
        fault = fault_of(name)
        if fault is not None:
            self._report.error(self._folder.where(path), f"the page {quoted(name)} {fault}")
            return None
        last = before.get(name)
        return self._part(
            self._folder.name(path),
            lambda: self._read_page(path, name),
            last,
            lambda page: "is empty" if last and last.html.strip() and not page.html.strip() else None,
        )

    def _read_page(self, path: Path, name: str) -> Page:
        page = read_titled(self._folder, path, self._links)
        return Page(name, readable(name), "") if page is None else Page(name, page.title or readable(name), page.html)

    def _check_folders(self, hunt_yaml: HuntYaml) -> None:
        """Warns of folders that nothing in the hunt uses, and of files where folders belong."""
        self._check_unused("puzzles", "slot", {folded(slot.slug) for slot in hunt_yaml_slots(hunt_yaml)})
        self._check_unused("rounds", "round", {folded(round_.slug) for round_ in hunt_yaml.rounds})
        for name, path in self._folder.children(self._folder.root).items():
            if name in FOLDERS and not path.is_dir():
                self._report.error(self._folder.where(path), f"{quoted(name)} must be a folder")
            elif path.is_dir() and name not in FOLDERS:
                near = self._report.did_you_mean(name, FOLDERS)
                if near:
                    self._report.warning(self._folder.where(path), f"nothing reads this folder{near}")

    def _check_unused(self, kind: str, user: str, used: set[str]) -> None:
        there = self._folder.children(self._folder.root / kind)
        free = [name for name in used if name not in there]
        for name, path in there.items():
            if path.is_dir() and name not in used:
                message = f"no {user} uses this folder{self._report.did_you_mean(name, free)}"
                self._report.warning(self._folder.where(path), message)


def _is_nearly(name: str) -> bool:
    return name.lower().removesuffix(".txt") in ("hunt.yaml", "hunt.yml")


def hunt_yaml_slots(hunt_yaml: HuntYaml) -> list[Slot]:
    return [slot for round_ in hunt_yaml.rounds for slot in round_.puzzles]
