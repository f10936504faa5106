"""A hunt folder becomes a `Hunt`, with a list of everything that is wrong with it."""

from pathlib import Path

import msgspec

from hunt.content.completion import Completion
from hunt.content.documents import Links, read_titled
from hunt.content.folder import HuntFolder
from hunt.content.model import Hunt, HuntYaml, Page, Puzzle, Round, Slot
from hunt.content.names import fault_of, readable
from hunt.content.problems import HuntUnreadable, Loaded, Problem, Report, Where, quoted
from hunt.content.puzzle_folder import read_puzzle, stub
from hunt.content.reach import check_reach
from hunt.content.reader import read_struct
from hunt.content.references import check_references
from hunt.content.round_folder import read_round
from hunt.content.spelling import folded
from hunt.content.yaml_file import Whereabouts, YamlFile

HUNT_FILE = "hunt.yaml"
FOLDERS = ("puzzles", "rounds", "pages", "theme")


def load(folder: Path) -> Loaded:
    """The hunt in a folder, as far as it makes sense; raises `HuntUnreadable` where there is none to speak of."""
    try:
        return _Loader(folder).load()
    except OSError as error:
        message = f"this cannot be read: {error.strerror}"
        raise HuntUnreadable([Problem(level="error", file=str(error.filename), message=message)]) from error


class _Loader:
    def __init__(self, root: Path) -> None:
        self._report = Report()
        self._whereabouts = Whereabouts()
        self._links = Links()
        self._folder = HuntFolder(root, self._report)

    def load(self) -> Loaded:
        hunt_yaml = self._read()
        check_references(hunt_yaml, self._whereabouts, self._report)
        check_reach(hunt_yaml, self._whereabouts, self._report)
        completed = Completion(self._whereabouts, self._report).of(hunt_yaml)
        if not completed.title or not completed.rounds:
            raise HuntUnreadable(self._report.in_order())
        hunt = self._hunt(completed)
        self._links.check(hunt, self._report)
        self._check_folders(hunt_yaml)
        return Loaded(hunt, self._report.in_order())

    def _read(self) -> HuntYaml:
        path = self._folder.root / HUNT_FILE
        if not path.parent.is_dir():
            self._report.error(Where(str(path.parent)), "there is no such folder")
        elif not path.exists():
            self._report.error(Where(HUNT_FILE), f"there is no such file in {path.parent}, so there is no hunt in it")
        else:
            node = self._folder.read_yaml(path)
            file = YamlFile(HUNT_FILE, self._report, self._whereabouts)
            hunt_yaml = None if node is None else read_struct(HuntYaml, file, node, "")
            if hunt_yaml is not None:
                return hunt_yaml
        raise HuntUnreadable(self._report.in_order())

    def _hunt(self, hunt_yaml: HuntYaml) -> Hunt:
        values = msgspec.structs.asdict(hunt_yaml)
        values["rounds"] = self._rounds(hunt_yaml)
        theme = self._folder.files_below(self._folder.root / "theme")
        return Hunt(
            **values, root=self._folder.root, puzzles=self._puzzles(hunt_yaml), pages=self._pages(), theme=theme
        )

    def _rounds(self, hunt_yaml: HuntYaml) -> tuple[Round, ...]:
        homes = self._folder.children(self._folder.root / "rounds")
        return tuple(
            read_round(self._folder, homes.get(folded(round_.slug)), round_, self._links) for round_ in hunt_yaml.rounds
        )

    def _puzzles(self, hunt_yaml: HuntYaml) -> dict[str, Puzzle]:
        homes = self._folder.children(self._folder.root / "puzzles")
        slots = [slot for round_ in hunt_yaml.rounds for slot in round_.puzzles]
        return {slot.slug: self._puzzle(slot, homes) for slot in slots}

    def _puzzle(self, slot: Slot, homes: dict[str, Path]) -> Puzzle:
        home = homes.get(folded(slot.slug))
        if home is not None and home.is_dir():
            return read_puzzle(self._folder, home, slot.slug, self._links)
        why = f"there is no folder puzzles/{slot.slug} yet" if slot.slug != slot.id else "it has no slug yet"
        message = f"slot {quoted(slot.id)} is filled with a stub: {why}"
        self._report.warning(self._whereabouts.of(slot, "slug"), message)
        return stub(slot.slug)

    def _pages(self) -> dict[str, Page]:
        files = self._folder.children(self._folder.root / "pages").values()
        pages = (self._page(path) for path in files if path.suffix == ".md")
        return {page.name: page for page in pages if page is not None}

    def _page(self, path: Path) -> Page | None:
        name = folded(path.stem)
        fault = fault_of(name)
        if fault is not None:
            self._report.error(self._folder.where(path), f"the page {quoted(name)} {fault}")
            return None
        page = read_titled(self._folder, path, self._links)
        return None if page is None else Page(name, page.title or readable(name), page.html)

    def _check_folders(self, hunt_yaml: HuntYaml) -> None:
        """Warns of folders that nothing in the hunt uses, and of files where folders belong."""
        slots = [slot for round_ in hunt_yaml.rounds for slot in round_.puzzles]
        self._check_unused("puzzles", "slot", {folded(slot.slug or slot.id) for slot in slots})
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
