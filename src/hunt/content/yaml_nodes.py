"""YAML text to a tree of nodes that remember their lines, within fixed bounds.

Only the tree is built: no tag makes an object, and an alias bomb is counted before anybody walks it.
"""

from collections.abc import Iterator

import yaml
from yaml.events import CollectionEndEvent, CollectionStartEvent
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from hunt.content.problems import quoted
from hunt.content.yaml_faults import explained

MAX_DEPTH = 60
"""Lists and mappings within each other, aliases followed. (The C parser would overflow its stack at some 30,000.)"""

MAX_VALUES = 200_000
"""Values in one file, aliases followed."""

NULL = "tag:yaml.org,2002:null"
MERGE = "tag:yaml.org,2002:merge"
MAPPING = "tag:yaml.org,2002:map"
SEQUENCE = "tag:yaml.org,2002:seq"
_SCALARS = {f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "timestamp", "value")}

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class YamlBroken(Exception):
    """The text is no YAML that we read; `line` counts from 1 where it is known."""

    def __init__(self, message: str, line: int | None = None) -> None:
        self.line = line
        super().__init__(message)


def compose(text: str) -> Node | None:
    """The root node of the only document in `text`, None when there is nothing in it; raises `YamlBroken`."""
    try:
        _check_depth(text)
        root: Node | None = yaml.compose(text, _Loader)
    except yaml.MarkedYAMLError as error:
        raise YamlBroken(*explained(error, text)) from error
    except yaml.reader.ReaderError as error:
        char = chr(error.character) if isinstance(error.character, int) else error.character
        line = text.count("\n", 0, text.find(char)) + 1
        raise YamlBroken(f"the character U+{ord(char):04X} may not stand in this file", line) from error
    if root is not None:
        _Weight().of(root, 0)
    return root


def line_of(node: Node) -> int:
    return int(node.start_mark.line) + 1


def pairs(node: MappingNode) -> Iterator[tuple[Node, Node]]:
    """The keys and values of a mapping, then those that it merges in with `<<`, as far as they are mappings."""
    merged = [value for key, value in node.value if key.tag == MERGE]
    yield from ((key, value) for key, value in node.value if key.tag != MERGE)
    for value in merged:
        for other in value.value if isinstance(value, SequenceNode) else [value]:
            if isinstance(other, MappingNode):
                yield from pairs(other)


def is_plain(node: Node) -> bool:
    """Whether the node carries no tag but those of plain YAML values."""
    if isinstance(node, ScalarNode):
        return node.tag in _SCALARS
    return node.tag == (MAPPING if isinstance(node, MappingNode) else SEQUENCE)


def is_quoted(node: Node) -> bool:
    return isinstance(node, ScalarNode) and node.style in ("'", '"')


def described(node: Node) -> str:
    """What the node is, as one would say it in a sentence."""
    if not isinstance(node, ScalarNode):
        return "keys with values" if isinstance(node, MappingNode) else "a list"
    return quoted(node.value) if node.value else "nothing"


def _check_depth(text: str) -> None:
    depth = 0
    for event in yaml.parse(text, _Loader):
        if isinstance(event, CollectionStartEvent):
            depth += 1
        elif isinstance(event, CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            raise _too_deep(event.start_mark.line + 1 if event.start_mark else None)


class _Weight:
    """Counts values as if every alias were written out, looking at each node once."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[int, int]] = {}

    def of(self, node: Node, depth: int) -> tuple[int, int]:
        """How many values the node holds, and how deep it goes below itself."""
        count, height = self._known.get(id(node)) or self._count(node, depth)
        if depth + height > MAX_DEPTH:
            raise _too_deep(line_of(node))
        if count > MAX_VALUES:
            raise YamlBroken(f"this has more than {MAX_VALUES} values, those repeated by * included", line_of(node))
        self._known[id(node)] = (count, height)
        return count, height

    def _count(self, node: Node, depth: int) -> tuple[int, int]:
        if depth > MAX_DEPTH:
            raise _too_deep(line_of(node))
        if isinstance(node, ScalarNode):
            return 1, 0
        children = node.value if isinstance(node, SequenceNode) else [part for pair in node.value for part in pair]
        weights = [self.of(child, depth + 1) for child in children]
        return 1 + sum(count for count, _ in weights), 1 + max((height for _, height in weights), default=0)


def _too_deep(line: int | None) -> YamlBroken:
    return YamlBroken(f"lists and keys are nested more than {MAX_DEPTH} deep, or contain themselves", line)
