"""One YAML file while it is read: where its problems go, and where each struct that came out of it stood."""

import re
from collections.abc import Callable, Iterable
from typing import Any

from msgspec import Struct
from yaml.nodes import MappingNode, Node, ScalarNode

from hunt.content.problems import Report, Where, quoted
from hunt.content.yaml_nodes import MAPPING, described, line_of, pairs

_COMMENT = re.compile(r"([ \t]+)(#.*)")


class Whereabouts:
    """Remembers where structs were written. By identity: equal structs may stand in two places."""

    def __init__(self) -> None:
        self._places: dict[int, tuple[Struct, Where, dict[str, int]]] = {}

    def put(self, struct: Struct, where: Where, lines: dict[str, int]) -> None:
        """`lines` says at which line each field of the struct stands."""
        self._places[id(struct)] = (struct, where, lines)

    def move(self, old: Struct, new: Struct) -> None:
        """`new` stands where `old` stood: it is the same thing, completed."""
        _, where, lines = self._places[id(old)]
        self.put(new, where, lines)

    def has(self, struct: Struct, field: str) -> bool:
        """Whether the field is written there, and not just by default what it is."""
        return field in self._places[id(struct)][2]

    def of(self, struct: Struct, field: str = "") -> Where:
        _, where, lines = self._places[id(struct)]
        if not field:
            return where
        return Where(where.file, lines.get(field, where.line), f"{where.place}.{field}" if where.place else field)


class Pair(Struct, frozen=True):
    """A key's value, and the line where the key stands."""

    node: Node
    line: int


class YamlFile:
    """The file that is being read."""

    def __init__(self, name: str, report: Report, whereabouts: Whereabouts, text: str = "") -> None:
        self._lines = text.split("\n")
        self.name = name
        self.report = report
        self.whereabouts = whereabouts

    def where(self, node: Node, place: str) -> Where:
        return Where(self.name, line_of(node), place)

    def error(self, node: Node, place: str, message: str) -> None:
        self.report.error(self.where(node, place), message)

    def warning(self, node: Node, place: str, message: str) -> None:
        self.report.warning(self.where(node, place), message)

    def warn_of_comment(self, node: ScalarNode, place: str) -> None:
        """Warns of a # that may be meant as part of a text without quotes: `Room #5` is the text `Room`.

        What is written as a comment mostly is, two blanks before its # and one after, is taken as one.
        """
        if node.style or node.end_mark.line >= len(self._lines):
            return
        found = _COMMENT.match(self._lines[node.end_mark.line], node.end_mark.column)
        if found and not (len(found[1]) > 1 and found[2][1:2].isspace()):
            message = f"{quoted(found[2].strip())} is left out as a comment: a text with # in it needs quotes"
            self.report.warning(Where(self.name, int(node.end_mark.line) + 1, place), message)

    def mapping(self, node: Node, place: str, known: Iterable[str]) -> dict[str, Pair] | None:
        """The values under known keys; None when the node is no mapping. A key that stands there twice counts once."""
        if not isinstance(node, MappingNode) or node.tag != MAPPING:
            self.error(node, place, f"must be keys with values like `title: …`, not {described(node)}")
            return None
        names = list(known)
        own = {id(key) for key, _ in node.value}
        found: dict[str, Pair] = {}
        for key, value in pairs(node):
            if not isinstance(key, ScalarNode):
                self.error(key, place, f"a key must be a text, not {described(key)}")
            elif key.value not in names:
                hint = self.report.did_you_mean(key.value, names) or f"; known here: {', '.join(names)}"
                self.error(key, place, f"unknown key {quoted(key.value)}{hint}")
            elif key.value not in found:
                found[key.value] = Pair(value, line_of(key))
            elif id(key) in own:
                first = found[key.value].line
                self.error(key, place, f"{quoted(key.value)} stands here twice, first in line {first}, which counts")
        return found


Read = Callable[[YamlFile, Node, str], Any]
"""Reads the node that stands at a place; `msgspec.UNSET` when it is of no use, and then the file was told."""
