"""YAML nodes to structs, by the structs' own fields; what is wrong is reported, what is right is kept."""

from datetime import datetime
from functools import cache, partial
from types import NoneType
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import msgspec
from msgspec import UNSET, Struct
from yaml.nodes import Node, ScalarNode, SequenceNode

from hunt.content import scalars
from hunt.content.condition_reader import NEVER, read_condition
from hunt.content.model import Condition
from hunt.content.yaml_file import Pair, Read, YamlFile
from hunt.content.yaml_nodes import NULL, described

S = TypeVar("S", bound=Struct)

_SCALARS: dict[Any, Read] = {
    str: scalars.text,
    int: scalars.whole_number,
    bool: scalars.yes_or_no,
    datetime: scalars.moment,
}
_CONDITIONS = set(get_args(Condition))
_NAMES = {"id", "slug"}
_NO_TEXT = ("", "~", "null")
"""What stands for an absent text. (`NULL` is a text: somebody's answer.)"""


class _Field(Struct, frozen=True):
    name: str
    read: Read
    required: bool
    is_text: bool
    default: Any
    """What stands in for a missing value, also for a required one, so that the rest can be read on."""


def read_struct(kind: type[S], file: YamlFile, node: Node, place: str) -> S | None:
    """The struct that a mapping describes; None when the node is no mapping at all.

    A required text that is missing is left empty, a required condition is `NEVER`, and either was reported.
    """
    fields = _fields_of(kind)
    pairs = file.mapping(node, place, fields)
    if pairs is None:
        return None
    values = {name: _value(file, node, place, field, pairs.get(name)) for name, field in fields.items()}
    struct = kind(**values)
    file.whereabouts.put(struct, file.where(node, place), {name: pair.line for name, pair in pairs.items()})
    return struct


def _value(file: YamlFile, parent: Node, place: str, field: _Field, pair: Pair | None) -> Any:
    inner = f"{place}.{field.name}" if place else field.name
    if pair is None:
        if field.required:
            file.error(parent, place, f"`{field.name}` is missing")
        return field.default
    if not field.required and _is_absent(field, pair.node):
        if pair.node.value == "":
            file.warning(pair.node, inner, f"`{field.name}` has no value (one that begins with # needs quotes)")
        return field.default
    value = field.read(file, pair.node, inner)
    if value == "" and field.required:
        file.error(pair.node, inner, f"`{field.name}` is empty")
    return field.default if value is UNSET else value


def _is_absent(field: _Field, node: Node) -> bool:
    if not isinstance(node, ScalarNode) or node.tag != NULL:
        return False
    return node.value in _NO_TEXT if field.is_text else True


@cache
def _fields_of(kind: type[Struct]) -> dict[str, _Field]:
    hints = get_type_hints(kind)
    return {field.name: _field(field, hints[field.name]) for field in msgspec.structs.fields(kind)}


def _field(field: msgspec.structs.FieldInfo, hint: Any) -> _Field:
    default = _stand_in(hint) if field.required else field.default
    read = scalars.name if field.name in _NAMES else _reader_of(hint)
    return _Field(field.name, read, field.required, hint in (str, str | None), default)


def _stand_in(hint: Any) -> Any:
    if hint is str:
        return ""
    return () if get_origin(hint) is tuple else NEVER


def _reader_of(hint: Any) -> Read:
    if hint in _SCALARS:
        return _SCALARS[hint]
    origin, arguments = get_origin(hint), [argument for argument in get_args(hint) if argument is not NoneType]
    if origin is Literal:
        return partial(scalars.choice, names=tuple(arguments))
    if origin is tuple:
        return partial(_several, read=_reader_of(arguments[0]), one_will_do=arguments[0] is str)
    if isinstance(hint, type) and issubclass(hint, Struct):
        return partial(_struct, hint)
    return read_condition if set(arguments) == _CONDITIONS else _reader_of(arguments[0])


def _struct(kind: type[Struct], file: YamlFile, node: Node, place: str) -> Any:
    struct = read_struct(kind, file, node, place)
    return UNSET if struct is None else struct


def _several(file: YamlFile, node: Node, place: str, *, read: Read, one_will_do: bool) -> Any:
    if one_will_do and isinstance(node, ScalarNode):
        items = [(node, place)]
    elif isinstance(node, SequenceNode):
        items = [(item, f"{place}[{index}]") for index, item in enumerate(node.value)]
    else:
        file.error(node, place, f"must be a list, not {described(node)}")
        return UNSET
    found = [read(file, item, inner) for item, inner in items]
    return tuple(value for value in found if value is not UNSET)
