"""The keys of a YAML mapping, checked."""

from collections.abc import Iterable

from msgspec import Struct
from yaml.nodes import MappingNode, Node, ScalarNode

from hunt.content.problems import quoted
from hunt.content.scalars import kind
from hunt.content.source import Source
from hunt.content.yaml_nodes import MAPPING, line_of, pairs


class Entry(Struct, frozen=True):
    """A key's value, and the line where the key stands."""

    node: Node
    line: int


def read_mapping(source: Source, node: Node, place: str, known: Iterable[str]) -> dict[str, Entry] | None:
    """The values under known keys; None when the node is no mapping. A key that stands there twice counts once."""
    if not isinstance(node, MappingNode) or node.tag != MAPPING:
        source.error(node, place, f"must be a mapping of keys to values, not {kind(node)}")
        return None
    known = list(known)
    own = {id(key) for key, _ in node.value}
    entries: dict[str, Entry] = {}
    for key, value in pairs(node):
        if not isinstance(key, ScalarNode):
            source.error(key, place, f"a key must be a text, not {kind(key)}")
        elif key.value not in known:
            source.error(key, place, f"unknown key {quoted(key.value)}{_suggestion(source, key.value, known)}")
        elif key.value not in entries:
            entries[key.value] = Entry(value, line_of(key))
        elif id(key) in own:
            first = entries[key.value].line
            source.error(key, place, f"{quoted(key.value)} stands here twice, first in line {first}, which counts")
    return entries


def _suggestion(source: Source, name: str, known: list[str]) -> str:
    return source.report.did_you_mean(name, known) or f"; known here: {', '.join(known)}"
