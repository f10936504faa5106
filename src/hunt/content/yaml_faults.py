"""Why a text is no YAML, for people who have never heard of YAML."""

import re

import yaml

_INDENT = re.compile(r"[ \t]*")
_SWALLOWS = re.compile(r"\s#")
_KEY = re.compile(r"\s*(?:- +)*[^\s#'\"\[{-][^:#]*:(?:\s|$)")

_ADVICE = {
    "undefined alias": "a text that begins with * needs quotes",
    "another document": "only the first part of a file is read, so there must be no line ---",
    "unknown escape character": r"in double quotes a \ begins a code: use single quotes, or write \\",
    "expected node content": "a text that begins with , ] or } needs quotes",
    "block sequence entries": "a list begins in a line of its own, and a text that begins with - needs quotes",
    "expected comment or line break": "a text that begins with > or | needs quotes",
    "did not find expected alphabetic": "a text that begins with & or * needs quotes",
    "did not find expected tag": "a text that begins with ! needs quotes",
    "did not find URI": "a text that begins with ! needs quotes",
    "found duplicate anchor": "a text that begins with & needs quotes",
    "unexpected end of stream": "a quote is opened here and never closed",
}
"""What helps, by words in the parser's message."""


def explained(error: yaml.MarkedYAMLError, text: str) -> tuple[str, int | None]:
    """A sentence and the line, from 1, that it speaks of; None where there is none."""
    lines = text.split("\n")
    mark, begun = error.problem_mark or error.context_mark, error.context_mark
    if mark is None:
        return f"this cannot be understood: {error.problem}", None
    at = min(mark.line, len(lines) - 1)
    start = at if begun is None else min(begun.line, at)
    problem = error.problem or ""
    if "\t" in _indent(lines[at]):
        return "this line is indented with a tab: indent with spaces", at + 1
    if "flow" in (error.context or ""):
        return _unclosed(lines, start), start + 1
    advice = next((advice for words, advice in _ADVICE.items() if words in problem), None)
    if advice is not None:
        return advice, (start if "end of stream" in problem else at) + 1
    if "cannot start any token" in problem:
        return f"a text that begins with {lines[at][mark.column : mark.column + 1]} needs quotes", at + 1
    if "expected ':'" in problem:
        return "here something like `title: …` is expected, with a colon and a blank after its name", start + 1
    if _is_indented_wrong(lines, at):
        return "this line is indented otherwise than the lines that it belongs to", at + 1
    if "mapping values" in problem:
        return "a text with a colon in it needs quotes", at + 1
    if start == at and begun is not None:
        return (
            "something stands behind a text in quotes: put the whole text in quotes, and write a quote in it twice",
            at + 1,
        )
    return "this line does not fit to the lines above it: is it indented as they are?", at + 1


def _indent(line: str) -> str:
    found = _INDENT.match(line)
    return found[0] if found else ""


def _unclosed(lines: list[str], start: int) -> str:
    bracket = "a [ or { is opened here and not closed"
    if _SWALLOWS.search(lines[start]):
        return f"{bracket}: what follows a # with a blank before it is left out, so a text with # needs quotes"
    return f"{bracket}, or a text in it needs quotes"


def _is_indented_wrong(lines: list[str], at: int) -> bool:
    """Whether the line stands further in than the `key: value` above it, or at a place where no line above began."""
    here = len(_indent(lines[at]))
    above = [line for line in lines[:at] if line.strip() and not line.lstrip().startswith("#")]
    if not above:
        return False
    last = len(_indent(above[-1]))
    if here > last:
        return bool(_KEY.match(above[-1]) and not above[-1].rstrip().endswith(":"))
    return here < last and here not in {_content_column(line) for line in above}


def _content_column(line: str) -> int:
    return len(_indent(line))
