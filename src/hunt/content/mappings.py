"""The keys of a YAML mapping, checked."""

from collections.abc import Iterable

from msgspec import Struct
from yaml.nodes import MappingNode, Node, ScalarNode

from hunt.content.problems import quoted
from hunt.content.scalars import kind
from hunt.content.yaml_file import YamlFile
from hunt.content.yaml_nodes import MAPPING, line_of, pairs


class Pair(Struct, frozen=True):
    """A key's value, and the line where the key stands."""

    node: Node
    line: int


def read_mapping(file: YamlFile, node: Node, place: str, known: Iterable[str]) -> dict[str, Pair] | None:
    """The values under known keys; None when the node is no mapping. A key that stands there twice counts once."""
    if not isinstance(node, MappingNode) or node.tag != MAPPING:
        file.error(node, place, f"must be a mapping of keys to values, not {kind(node)}")
        return None
    known = list(known)
    own = {id(key) for key, _ in node.value}
    found: dict[str, Pair] = {}
    for key, value in pairs(node):
        if not isinstance(key, ScalarNode):
            file.error(key, place, f"a key must be a text, not {kind(key)}")
        elif key.value not in known:
            file.error(key, place, f"unknown key {quoted(key.value)}{_suggestion(file, key.value, known)}")
        elif key.value not in found:
            found[key.value] = Pair(value, line_of(key))
        elif id(key) in own:
            first = found[key.value].line
            file.error(key, place, f"{quoted(key.value)} stands here twice, first in line {first}, which counts")
    return found


def _suggestion(file: YamlFile, name: str, known: list[str]) -> str:
    return file.report.did_you_mean(name, known) or f"; known here: {', '.join(known)}"
