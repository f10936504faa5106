"""One YAML file while it is read: where its problems go, and where each struct that came out of it stood."""

from collections.abc import Callable
from typing import Any

from msgspec import Struct
from yaml.nodes import Node

from hunt.content.problems import Report, Where
from hunt.content.yaml_nodes import line_of


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


class YamlFile:
    """The file that is being read."""

    def __init__(self, name: str, report: Report, whereabouts: Whereabouts) -> None:
        self.name = name
        self.report = report
        self.whereabouts = whereabouts

    def where(self, node: Node, place: str) -> Where:
        return Where(self.name, line_of(node), place)

    def error(self, node: Node, place: str, message: str) -> None:
        self.report.error(self.where(node, place), message)

    def warning(self, node: Node, place: str, message: str) -> None:
        self.report.warning(self.where(node, place), message)


Read = Callable[[YamlFile, Node, str], Any]
"""Reads the node that stands at a place; `msgspec.UNSET` when it is of no use, and then the file was told."""
