"""One YAML file while it is read: where its problems go, and where each struct that came out of it stood."""

from collections.abc import Callable
from typing import Any

from msgspec import Struct
from yaml.nodes import Node

from hunt.content.problems import Mark, Report
from hunt.content.yaml_nodes import line_of


class Marks:
    """Remembers where structs were written. By identity: equal structs may stand in two places."""

    def __init__(self) -> None:
        self._places: dict[int, tuple[Struct, Mark, dict[str, int]]] = {}

    def put(self, struct: Struct, mark: Mark, lines: dict[str, int]) -> None:
        """`lines` says at which line each field of the struct stands."""
        self._places[id(struct)] = (struct, mark, lines)

    def move(self, old: Struct, new: Struct) -> None:
        """`new` stands where `old` stood: it is the same thing, completed."""
        _, mark, lines = self._places[id(old)]
        self.put(new, mark, lines)

    def has(self, struct: Struct, field: str) -> bool:
        """Whether the field is written there, and not just by default what it is."""
        return field in self._places[id(struct)][2]

    def of(self, struct: Struct, field: str = "") -> Mark:
        _, mark, lines = self._places[id(struct)]
        if not field:
            return mark
        return Mark(mark.file, lines.get(field, mark.line), f"{mark.place}.{field}" if mark.place else field)


class Source:
    """The file that is being read."""

    def __init__(self, file: str, report: Report, marks: Marks) -> None:
        self.file = file
        self.report = report
        self.marks = marks

    def mark(self, node: Node, place: str) -> Mark:
        return Mark(self.file, line_of(node), place)

    def error(self, node: Node, place: str, message: str) -> None:
        self.report.error(self.mark(node, place), message)

    def warning(self, node: Node, place: str, message: str) -> None:
        self.report.warning(self.mark(node, place), message)


Read = Callable[[Source, Node, str], Any]
"""Reads the node that stands at a place; `msgspec.UNSET` when it is of no use, and then the source was told."""
