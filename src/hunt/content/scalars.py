"""Single YAML values.

Each reader takes what was written, not what YAML would make of it: `answer: NO` is the text NO, `answer: 007` is 007.
"""

import re
from datetime import UTC, date, datetime, time
from typing import Any

from msgspec import UNSET
from yaml.constructor import ConstructorError, SafeConstructor
from yaml.nodes import Node, ScalarNode

from hunt.content.problems import quoted
from hunt.content.yaml_file import YamlFile
from hunt.content.yaml_nodes import described, is_plain, is_quoted

MAX_NUMBER = 1_000_000
"""No cost, prize or count is larger; sums of them then fit every database's integers."""

_NUMBER = re.compile(r"[+-]?(0|[1-9][0-9]*)")
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_YES = {"true", "yes", "on"}
_NO = {"false", "no", "off"}
_TIMESTAMP = "tag:yaml.org,2002:timestamp"


def text(file: YamlFile, node: Node, place: str) -> Any:
    """A text for people or for guesses."""
    value = name(file, node, place)
    if value is not UNSET and isinstance(node, ScalarNode):
        file.warn_of_comment(node, place)
    return value


def name(file: YamlFile, node: Node, place: str) -> Any:
    """A text that names something in the hunt. None has a # in it."""
    value = _written(file, node, place, "a text")
    if value is UNSET:
        return UNSET
    bad = _UNPRINTABLE.search(value)
    if bad:
        file.error(node, place, f"{quoted(value)} holds the character U+{ord(bad[0]):04X}, which no page can show")
        return UNSET
    return value


def whole_number(file: YamlFile, node: Node, place: str) -> Any:
    value = _written(file, node, place, "a whole number")
    if value is UNSET:
        return UNSET
    if not _NUMBER.fullmatch(value) or is_quoted(node):
        file.error(node, place, f"must be a whole number like 3, not {described(node)}")
    elif value.startswith("-"):
        file.error(node, place, f"must not be negative, but is {described(node)}")
    elif len(value) > len(str(MAX_NUMBER)) or int(value) > MAX_NUMBER:
        file.error(node, place, f"must be at most {MAX_NUMBER}, but is {described(node)}")
    else:
        return int(value)
    return UNSET


def yes_or_no(file: YamlFile, node: Node, place: str) -> Any:
    value = _written(file, node, place, "true or false")
    if value is UNSET:
        return UNSET
    if value.lower() in _YES | _NO:
        return value.lower() in _YES
    file.error(node, place, f"must be true or false, not {described(node)}")
    return UNSET


def moment(file: YamlFile, node: Node, place: str) -> Any:
    """A time in UTC, to the microsecond."""
    if _written(file, node, place, "a time") is UNSET:
        return UNSET
    try:
        found = _parse(node)
    except (ValueError, TypeError, ConstructorError):
        file.error(node, place, f"must be a time like 2026-01-16T17:00:00Z, not {described(node)}")
        return UNSET
    if found.tzinfo is None:
        file.warning(
            node, place, f"{described(node)} has no time zone and is taken as UTC; write Z or +01:00 behind it"
        )
        return found.replace(tzinfo=UTC)
    try:
        return found.astimezone(UTC)
    except OverflowError:
        file.error(node, place, f"{described(node)} is no time that a clock can show")
        return UNSET


def choice(file: YamlFile, node: Node, place: str, names: tuple[str, ...]) -> Any:
    value = _written(file, node, place, " or ".join(names))
    if value is UNSET or value in names:
        return value
    known = " or ".join(quoted(name) for name in names)
    file.error(node, place, f"must be {known}, not {quoted(value)}{file.report.did_you_mean(value, names)}")
    return UNSET


def _written(file: YamlFile, node: Node, place: str, wanted: str) -> Any:
    if not isinstance(node, ScalarNode):
        file.error(node, place, f"must be {wanted}, not {described(node)}")
    elif not is_plain(node):
        file.error(
            node, place, f"the tag {quoted(node.tag)} has no meaning here (a text that begins with ! needs quotes)"
        )
    else:
        return node.value
    return UNSET


def _parse(node: Node) -> datetime:
    if not isinstance(node, ScalarNode) or node.tag != _TIMESTAMP:
        return datetime.fromisoformat(node.value)
    found: date = SafeConstructor().construct_yaml_timestamp(node)
    return found if isinstance(found, datetime) else datetime.combine(found, time())
