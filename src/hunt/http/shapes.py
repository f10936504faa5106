"""Sentences about input of a wrong shape: which field it is and what it must be, for people who write a program.

msgspec says where (`$.teams[0]`) and what it met; what it had to be is read from the type.
"""

import re
from typing import Any

import msgspec
from msgspec import inspect

MAX_SHOWN = 100
"""Characters of a field's name that are shown, which a client may have chosen."""

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding JSON may raise: broken, not UTF-8, nested without end, of another shape."""

_AT = re.compile(r"(?s)(.*) - at `\$\.?(.*)`")
_FIELD = re.compile(r"(?s)Object (missing required|contains unknown) field `(.*)`")


def not_json(error: BaseException, what: str) -> str:
    """Why `what` cannot be read as JSON."""
    if isinstance(error, RecursionError):
        return f"{what} is not JSON that can be read: it is nested too deeply."
    if isinstance(error, UnicodeDecodeError):
        return f"{what} is not JSON: it is not UTF-8."
    reason = str(error).removeprefix("JSON is malformed: ").removesuffix(".")
    return f"{what} is not JSON: {'it ends too early' if reason == 'Input data was truncated' else reason}."


def explain_json(error: Exception, kind: Any, what: str) -> str:
    """What is wrong with JSON that had to be a `kind`. `error` is one of UNREADABLE."""
    if not isinstance(error, msgspec.ValidationError):
        return not_json(error, what)
    found = _AT.fullmatch(str(error))
    return explain(found[1] if found else str(error), kind, found[2] if found else "", what)


def explain(message: str, kind: Any, path: str, what: str) -> str:
    """A message of msgspec as a sentence. `kind` is the type of `what`, where it is wrong at `path`, as in `a.b[0]`."""
    wrong = type_at(kind, path)
    if field := _FIELD.fullmatch(message):
        name = field[2][:MAX_SHOWN]
        full = f"{path}.{name}" if path else name
        if field[1] == "missing required":
            return f"`{full}` is missing: it must be {describe(type_at(wrong, name))}."
        return f"There is no field `{full}`: {what[0].lower()}{what[1:]} must be {describe(kind)}."
    return f"{f'`{path[:MAX_SHOWN]}`' if path else what} must be {describe(wrong)}."


def describe(kind: Any) -> str:
    """What a type takes, as in "a whole number from 0 to 9"."""
    types = [each for each in _choices(_info(kind)) if not isinstance(each, inspect.NoneType)]
    structs = [each for each in types if isinstance(each, inspect.StructType)]
    parts = [_describe(each) for each in types if not isinstance(each, inspect.StructType | inspect.ListType)]
    if structs:
        names = [each for each in _names(structs[0]) if all(each in _names(other) for other in structs)]
        parts.append(f"a JSON object with {_listed([f'`{name}`' for name in names], 'and')}")
    parts += [
        f"{_list(each)} in which each is {describe(each.item_type)}"
        for each in types
        if isinstance(each, inspect.ListType)
    ]
    return _listed(parts, "or")


def _describe(info: inspect.Type) -> str:
    match info:
        case inspect.IntType(ge=low, le=high):
            return _number(low, high)
        case inspect.StrType():
            return "a text"
        case inspect.BoolType():
            return "true or false"
        case inspect.LiteralType(values=values):
            return _listed([f"`{value}`" for value in values], "or")
        case _:
            return "a JSON object"


def _list(info: inspect.ListType) -> str:
    return "a list" if info.max_length is None else f"a list of at most {info.max_length}"


def _names(info: inspect.StructType) -> list[str]:
    tag = [info.tag_field] if info.tag_field else []
    return tag + [field.encode_name for field in info.fields]


def _number(low: int | None, high: int | None) -> str:
    if low is not None and high is not None:
        return f"a whole number from {low} to {high}"
    if low is not None:
        return f"a whole number, {low} or more"
    return "a whole number" if high is None else f"a whole number, {high} or less"


def _listed(parts: list[str], word: str) -> str:
    return f" {word} ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))


def _info(kind: Any) -> inspect.Type:
    return kind if isinstance(kind, inspect.Type) else inspect.type_info(kind)


def _choices(info: inspect.Type) -> list[inspect.Type]:
    if isinstance(info, inspect.Metadata):
        return _choices(info.type)
    return [each for type in info.types for each in _choices(type)] if isinstance(info, inspect.UnionType) else [info]


def type_at(kind: Any, path: str) -> inspect.Type:
    """The type at a path inside a type; any where there is none."""
    info = _info(kind)
    for part in re.findall(r"[^.\[\]]+", path):
        found = [inside for each in _choices(info) if (inside := _inside(each, part))]
        tags = [value for each in found if isinstance(each, inspect.LiteralType) for value in each.values]
        info = inspect.LiteralType(tuple(tags)) if tags else found[0] if found else inspect.AnyType()
    return info


def _inside(info: inspect.Type, part: str) -> inspect.Type | None:
    """The type of an item of a list, or of a field, the one that tells structs apart among them."""
    if isinstance(info, inspect.ListType):
        return info.item_type
    if not isinstance(info, inspect.StructType):
        return None
    if info.tag is not None and part == info.tag_field:
        return inspect.LiteralType((info.tag,))
    return next((field.type for field in info.fields if field.encode_name == part), None)
