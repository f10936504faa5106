"""A page that authors wrote, as Markdown or HTML: rendered, relative addresses made absolute, links checked."""

import re
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from msgspec import Struct

from hunt.content.addresses import file_href
from hunt.content.folder import HuntFolder
from hunt.content.markdown import Rendered, render, render_titled
from hunt.content.model import Hunt
from hunt.content.page_ids import OUR_IDS
from hunt.content.problems import Report, Where, line_in, quoted
from hunt.content.spelling import folded
from hunt.content.tags import ids, inert_parts, rewrite

ASSETS = "assets/"

_ABSOLUTE = re.compile(r"[/#?]|[a-zA-Z][a-zA-Z0-9+.-]*:|$")
_WITH_BLANK = re.compile(
    r"!?\[[^\]\n]{0,200}\]\(((?:\.\./|/)?(?:assets|solution)/[^()<>\"'\n ]*(?: +[^()<>\"'\n ]+)+)\)"
)
_PARTS = re.compile(r"(?:\./)*([^?#]*)(.*)", re.DOTALL)


class Shelf(Struct, frozen=True):
    """Files that a page may use: those whose address in the text begins with `lead` are served under `prefix`."""

    lead: str
    prefix: str
    files: dict[str, Path]


class Links:
    """Links from page to page inside a hunt, kept until it is known which pages there are."""

    def __init__(self) -> None:
        self._found: dict[tuple[Where, str], None] = {}

    def add(self, where: Where, address: str) -> None:
        """Remembers an address that begins with a slash, and where it stands."""
        self._found[where, address] = None

    def check(self, hunt: Hunt, report: Report) -> None:
        """Warns of links to puzzles, rounds and pages that the hunt does not have."""
        known: dict[str, Iterable[str]] = {"puzzles": hunt.slot_of, "rounds": hunt.round, "pages": hunt.pages}
        names = {kind: {folded(name) for name in things} for kind, things in known.items()}
        for where, address in self._found:
            kind, name = _target(address)
            if name and kind in names and name not in names[kind]:
                slot = hunt.slots.get(name) if kind == "puzzles" else None
                hint = f"; did you mean {quoted(slot.slug)}?" if slot else report.did_you_mean(name, names[kind])
                report.warning(where, f"{quoted(address)}: there is no {kind.removesuffix('s')} {quoted(name)}{hint}")


def read_document(folder: HuntFolder, home: Path, stem: str, shelves: list[Shelf], links: Links) -> str | None:
    """The HTML of `stem.html` or `stem.md` in the folder `home`; None when neither is there or can be read."""
    files = [path for path in (home / f"{stem}.html", home / f"{stem}.md") if path.exists()]
    if not files:
        return None
    if len(files) > 1:
        folder.report.warning(folder.where(files[1]), f"this file is not used, because {stem}.html is there too")
    text = folder.read(files[0])
    if text is None:
        return None
    html = text if files[0].suffix == ".html" else render(text).html
    if files[0].suffix == ".md":
        _warn_of_blanks(folder, files[0], text)
    _warn_of_inert(folder, files[0], text, html)
    return _Resolver(folder, files[0], text, shelves, links).rewritten(html)


def read_titled(folder: HuntFolder, path: Path, links: Links) -> Rendered | None:
    """A Markdown page of the site with its title; such pages have no assets."""
    text = folder.read(path)
    if text is None:
        return None
    page = render_titled(text)
    _warn_of_inert(folder, path, text, page.html)
    return Rendered(_Resolver(folder, path, text, [], links).rewritten(page.html), page.title)


def _warn_of_inert(folder: HuntFolder, path: Path, text: str, html: str) -> None:
    for id, tag in ids(html):
        if id in OUR_IDS:
            sentence = (
                f"the id {quoted(id)} is one of our page's own, so links, labels and scripts may find the wrong one"
            )
            folder.report.warning(Where(folder.name(path), line_in(text, tag)), f"{quoted(tag)}: {sentence}")
    for sentence, tag in inert_parts(html):
        folder.report.warning(Where(folder.name(path), line_in(text, tag)), f"{quoted(tag)}: {sentence}")


def _warn_of_blanks(folder: HuntFolder, path: Path, text: str) -> None:
    """Warns of Markdown that is no link or picture, because its address has a blank in it."""
    for found in _WITH_BLANK.finditer(text):
        message = f"{quoted(found[0])}: an address ends at a blank: write it in <…>, like (<{found[1]}>)"
        folder.report.warning(Where(folder.name(path), text.count("\n", 0, found.start()) + 1), message)


class _Resolver:
    def __init__(self, folder: HuntFolder, path: Path, text: str, shelves: list[Shelf], links: Links) -> None:
        self._folder = folder
        self._path = path
        self._text = text
        self._shelves = shelves
        self._links = links
        self._reported: set[str] = set()

    def rewritten(self, html: str) -> str:
        return rewrite(html, self._resolve)

    def _resolve(self, attribute: str, address: str) -> str:
        if _ABSOLUTE.match(address):
            if address.startswith(f"/{ASSETS}"):
                message = f"{quoted(address)} leads nowhere: write {quoted(address[1:])}, without the slash before it"
                self._folder.report.error(self._where(address), message)
            elif address.startswith("/"):
                self._links.add(self._where(address), address)
            return address
        name, rest = self._split(address)
        for shelf in self._shelves:
            file = name.removeprefix(shelf.lead)
            if name.startswith(shelf.lead) and file in shelf.files:
                return file_href(shelf.prefix, file) + rest
        self._report_missing(attribute, address, name)
        return address

    def _split(self, address: str) -> tuple[str, str]:
        found = _PARTS.match(address)
        name, rest = found.groups() if found else (address, "")
        return folded(unquote(name)), rest

    def _report_missing(self, attribute: str, address: str, name: str) -> None:
        if address in self._reported:
            return
        self._reported.add(address)
        known = [shelf.lead + file for shelf in self._shelves for file in shelf.files]
        hint = self._folder.report.did_you_mean(name, known)
        if folded(address) in known:
            hint = f": # and ? end the name of a file, so write {quoted(quote(address))}"
        if name.startswith(ASSETS):
            self._folder.report.error(self._where(address), f"{quoted(address)}: there is no such file{hint}")
        elif attribute != "href" or hint:
            message = f"{quoted(address)} leads nowhere: files are served from {ASSETS} only{hint}"
            self._folder.report.warning(self._where(address), message)

    def _where(self, address: str) -> Where:
        return Where(self._folder.name(self._path), line_in(self._text, address))


def _target(address: str) -> tuple[str, str]:
    """The kind and the name that an address leads to, empty texts where it leads elsewhere."""
    try:
        url = urlsplit(address)
    except ValueError:
        return "", ""
    if url.netloc:
        return "", ""
    kind, _, rest = url.path.lstrip("/").partition("/")
    return kind, folded(unquote(rest.split("/")[0]))
