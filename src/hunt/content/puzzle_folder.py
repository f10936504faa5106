"""One puzzle: its folder with `puzzle.yaml`, page, solution and files, or a stub that stands in for it."""

from pathlib import Path

import msgspec

from hunt.content.addresses import puzzle_href
from hunt.content.documents import ASSETS, Links, Shelf, read_document
from hunt.content.file_checks import check_files
from hunt.content.folder import HuntFolder
from hunt.content.model import STUB_ANSWER, Puzzle
from hunt.content.names import readable
from hunt.content.near_names import PUZZLE, SOLUTION, warn_of_near_names
from hunt.content.puzzle_answers import AnswerOrAnswers, with_usable_answers
from hunt.content.reader import read_struct
from hunt.content.yaml_file import Whereabouts

NOT_WRITTEN = f"<p>This puzzle is not written yet. Until it is, its answer is <strong>{STUB_ANSWER}</strong>.</p>"
NO_PAGE = "<p>This puzzle is not written yet.</p>"
NOT_READY = "<p>This puzzle is not ready: something is wrong with its files, and the organisers can see what.</p>"

_PAGES = {"index.html", "index.md"}


def stub(slug: str, *, title: str = "", html: str = NOT_WRITTEN) -> Puzzle:
    """A playable stand-in for a puzzle that is not there."""
    return Puzzle(slug=slug, title=title or readable(slug), answers=(STUB_ANSWER,), html=html, is_stub=True)


def read_puzzle(folder: HuntFolder, home: Path, slug: str, links: Links) -> Puzzle:
    """The puzzle in the folder `home`, or a stub where it is of no use; either way everything wrong was reported."""
    warn_of_near_names(folder, home, PUZZLE)
    if not (home / "puzzle.yaml").exists():
        return _without_yaml(folder, home, slug)
    puzzle = _read_yaml(folder, home / "puzzle.yaml", slug, links)
    return stub(slug, html=NOT_READY) if puzzle is None else _with_files(folder, home, puzzle, links)


def _without_yaml(folder: HuntFolder, home: Path, slug: str) -> Puzzle:
    if folder.children(home):
        folder.report.error(folder.where(home), "this puzzle has no puzzle.yaml")
        return stub(slug, html=NOT_READY)
    folder.report.warning(folder.where(home), "this puzzle is not written yet; a stub stands in for it")
    return stub(slug)


def _read_yaml(folder: HuntFolder, path: Path, slug: str, links: Links) -> Puzzle | None:
    whereabouts = Whereabouts()
    found = folder.read_yaml(path, whereabouts)
    puzzle = None if found is None else read_struct(AnswerOrAnswers, *found, "")
    if puzzle is None:
        return None
    for response in puzzle.canned_responses:
        if response.link is not None and response.link.href.startswith("/"):
            links.add(whereabouts.of(response.link, "href"), response.link.href)
    values = msgspec.structs.asdict(with_usable_answers(puzzle, whereabouts, folder.report))
    values["title"] = puzzle.title or readable(slug)
    return Puzzle(slug=slug, **values) if values["answers"] else None


def _with_files(folder: HuntFolder, home: Path, puzzle: Puzzle, links: Links) -> Puzzle:
    warn_of_near_names(folder, home / "solution", SOLUTION)
    address, solution = puzzle_href(puzzle.slug), home / "solution"
    assets, files = folder.files_below(home / "assets"), folder.files_below(solution)
    solution_assets = {name: path for name, path in files.items() if name not in _PAGES}
    check_files(folder, assets)
    check_files(folder, solution_assets)
    own = Shelf(ASSETS, f"{address}/{ASSETS}", assets)
    shelves = [Shelf("", f"{address}/solution/", solution_assets), own, Shelf(f"../{ASSETS}", own.prefix, assets)]
    page = read_document(folder, home, "puzzle", [own], links)
    return msgspec.structs.replace(
        puzzle,
        html=_unwritten(folder, home) if page is None else page,
        is_stub=page is None,
        assets=assets,
        solution_html=read_document(folder, solution, "index", shelves, links) or "",
        solution_assets=solution_assets,
    )


def _unwritten(folder: HuntFolder, home: Path) -> str:
    folder.report.warning(folder.where(home), "this puzzle has no puzzle.md or puzzle.html: it counts as a stub")
    return NO_PAGE
