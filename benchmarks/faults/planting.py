"""How bugs are put into the server's own code, for a while or for good."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from importlib.resources import files
from itertools import chain
from typing import Any
from unittest.mock import patch

from msgspec import Struct
from redis.asyncio import Redis

from benchmarks.faults.findings import PROMISES
from hunt.replica import scripts

Patches = Iterable[Any]
"""What `unittest.mock.patch` gives; each is put in place before the next one is asked for."""


class Plant(Struct, frozen=True, kw_only=True):
    """`patches` are the bug, `strain` what makes it show.

    `faults` of a cluster and `model_faults` of the model bring it to light; without any, plain load does. One of
    `findings` at least must be made.
    """

    name: str
    sentence: str
    patches: Callable[[], Patches]
    strain: Callable[[], Patches] = tuple
    faults: tuple[str, ...]
    model_faults: tuple[str, ...]
    findings: tuple[str, ...]

    def __post_init__(self) -> None:
        if unknown := set(self.findings) - PROMISES.keys():
            raise ValueError(f"{self.name}: there is no finding {unknown}")


PLANTS: dict[str, Plant] = {}


@contextmanager
def planted(name: str) -> Iterator[None]:
    """Inside, this process has the bug, and the strain under which it shows."""
    with ExitStack() as stack:
        for each in chain(PLANTS[name].strain(), PLANTS[name].patches()):
            stack.enter_context(each)
        yield


@contextmanager
def strained(name: str) -> Iterator[None]:
    """Inside, this process is under the strain of a bug that it does not have."""
    with ExitStack() as stack:
        for each in PLANTS[name].strain():
            stack.enter_context(each)
        yield


def plant(name: str) -> None:
    """Put the bug into this process for good."""
    for each in chain(PLANTS[name].strain(), PLANTS[name].patches()):
        each.start()


def listed(
    *findings: str,
    faults: tuple[str, ...],
    model_faults: tuple[str, ...],
    strain: Callable[[], Patches] = tuple,
) -> Callable[[Callable[[], Patches]], Callable[[], Patches]]:
    def keep(patches: Callable[[], Patches]) -> Callable[[], Patches]:
        name, sentence = patches.__name__, (patches.__doc__ or "").strip()
        PLANTS[name] = Plant(
            name=name,
            sentence=sentence,
            patches=patches,
            strain=strain,
            faults=faults,
            model_faults=model_faults,
            findings=findings,
        )
        return patches

    return keep


def script(name: str, *changes: tuple[str, str]) -> Any:
    """The Lua script with other text in some places, which must be there."""
    text = text_of(name)
    for old, new in changes:
        if old not in text:
            raise AssertionError(f"{name}.lua no longer holds {old!r}")
        text = text.replace(old, new)
    real = scripts._script

    def registered(redis: Redis, asked: str) -> Any:
        return redis.register_script(text) if asked == name else real(redis, asked)

    return patch.object(scripts, "_script", registered)


def text_of(name: str) -> str:
    return (files("hunt.replica") / "lua" / f"{name}.lua").read_text()
