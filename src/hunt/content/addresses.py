"""Addresses on the site: the one way to make them from names, and the one way to read names from them."""

import re
from urllib.parse import quote

from hunt.content.model import Hunt
from hunt.content.spelling import folded

_NAMED = re.compile(r"((?:/api(?:/ops)?)?/(puzzles|rounds|pages|gates|interactions)/)([^/]+)(.*)", re.DOTALL)


def href(*names: str) -> str:
    """The address whose path has these segments: `href("puzzles", "100%")` is `/puzzles/100%25`."""
    return "".join(f"/{quote(name, safe='')}" for name in names)


def file_href(folder: str, file: str) -> str:
    """The address of a file by its path below a folder, whose address ends with a slash."""
    return f"{folder}{quote(file)}"


def puzzle_href(slug: str) -> str:
    return href("puzzles", slug)


def round_href(slug: str) -> str:
    return href("rounds", slug)


def path_href(path: str) -> str:
    """The address of a decoded path."""
    return quote(path)


def own_path(hunt: Hunt, path: str) -> str:
    """The decoded path of a request, with its names and files spelled as the hunt spells them.

    The same characters can be written in several ways (é as one or as two), and programs change them freely.
    """
    if path.isascii():
        return path
    found = _NAMED.fullmatch(path)
    if found is None:
        return folded(path)
    lead, kind, name, rest = found.groups()
    return lead + hunt.spelled(kind, name) + folded(rest)
