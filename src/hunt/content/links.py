"""Links from page to page inside a hunt, kept until it is known which pages there are."""

from collections.abc import Iterable
from urllib.parse import unquote, urlsplit

from hunt.content.model import Hunt
from hunt.content.names import folded
from hunt.content.problems import Report, Where, quoted


class Links:
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
