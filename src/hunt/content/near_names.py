"""Files whose names are nearly right: nothing reads them, and their author thinks that something does."""

from collections.abc import Container
from pathlib import Path

from hunt.content.folder import HuntFolder
from hunt.content.problems import quoted

PUZZLE = ("puzzle.yaml", "puzzle.md", "puzzle.html")
SOLUTION = ("index.md", "index.html")
ROUND = ("round.md", "round.html", "style.css")

_OTHER_ENDINGS = {"yml": "yaml", "htm": "html", "markdown": "md", "mdown": "md"}
_OTHER_STEMS = {"index", "page", "readme", "content", "solution"}
"""What the main page of a folder is called elsewhere."""


def warn_of_near_names(folder: HuntFolder, home: Path, expected: tuple[str, ...]) -> None:
    """Warns of files in `home` that are called nearly like one of the `expected`."""
    names = folder.children(home)
    for name, path in names.items():
        meant = None if name in expected or path.is_dir() else _meant(name, expected, names)
        if meant is not None:
            folder.report.warning(folder.where(path), f"nothing reads this file; did you mean {quoted(meant)}?")


def _meant(name: str, expected: tuple[str, ...], there: Container[str]) -> str | None:
    plain = name.lower().removesuffix(".txt").removesuffix("~")
    stem, _, ending = plain.rpartition(".")
    ending = _OTHER_ENDINGS.get(ending, ending)
    pages = [wanted for wanted in expected if wanted.endswith((".md", ".html"))]
    if f"{stem}.{ending}" in expected:
        return f"{stem}.{ending}"
    if stem in _OTHER_STEMS and not any(page in there for page in pages):
        return next((page for page in pages if page.endswith(f".{ending}")), None)
    return None
