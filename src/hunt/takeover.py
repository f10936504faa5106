"""Taking over a hunt folder that has changed while its hunt is played."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import structlog
from msgspec import Struct
from watchfiles import awatch

from hunt.content import Hunt, Loaded, load_again
from hunt.content.changes import changes
from hunt.log.source import LogAway
from hunt.log.tail import Gap
from hunt.settings import Settings

SETTLE_MILLISECONDS = 200
"""How long a hunt folder has to be left alone before it is read: an editor writes a file in several steps."""

MAX_SETTLE_MILLISECONDS = 2_000
"""After so long it is read all the same; what comes later is one more change."""

LOOK_MILLISECONDS = 1_000
"""How often the watch looks whether the folder itself was replaced by another one, of which it would hear nothing."""

AGAIN_SECONDS = 1.0
"""Until a change is tried again that failed because the log could not be read."""

logger = structlog.get_logger()


class TakenOver(Struct, frozen=True):
    """What came of it: lines for people. `errors` counts those problems that keep something from being played."""

    changes: tuple[str, ...]
    problems: tuple[str, ...]
    errors: int
    verdicts: tuple[str, ...]
    """Past guesses that the hunt judges otherwise now."""


class Takeover:
    """The hunt folder of one process. What cannot be played in it stays as it was, for as long as the process runs.

    `change_hunt` makes the process play another version; it gives the past guesses that this one judges otherwise.
    """

    def __init__(self, settings: Settings, hunt: Hunt, change_hunt: Callable[[Hunt], Awaitable[list[str]]]) -> None:
        self.loaded = Loaded(hunt)
        self._folder = settings.content
        self._stubs = settings.stubs
        self._change_hunt = change_hunt
        self._turn = asyncio.Lock()

    async def take_over(self, *, if_different: bool = False) -> TakenOver:
        """Play the folder as it is now, as far as it is right. Raises LogAway and Gap, and then nothing has changed.

        `if_different` leaves everything alone where the same hunt is played already: a fold of the log costs something.
        """
        async with self._turn:
            before = self.loaded
            loaded = await asyncio.to_thread(load_again, self._folder, before, stubs=self._stubs)
            is_same = if_different and loaded.hunt == before.hunt
            verdicts = [] if is_same else await self._change_hunt(loaded.hunt)
            self.loaded = loaded
        if is_same:
            return TakenOver((), (), 0, ())
        for problem in loaded.problems:
            (logger.error if problem.level == "error" else logger.warning)("hunt_problem", problem=str(problem))
        changed = changes(before.hunt, loaded.hunt)
        logger.info("hunt_changed", version=loaded.hunt.version, changes=changed, kept=loaded.kept)
        return TakenOver(changed, tuple(map(str, loaded.problems)), len(loaded.errors), tuple(verdicts))

    async def watch(self) -> None:
        """Take the folder over whenever something in it changes, until cancelled."""
        async for is_certain in _changes_below(self._folder):
            while not await self._is_taken_over(if_different=not is_certain):  # noqa: ASYNC110 - of the log's return there is no event
                await asyncio.sleep(AGAIN_SECONDS)

    async def _is_taken_over(self, *, if_different: bool) -> bool:
        try:
            await self.take_over(if_different=if_different)
        except (LogAway, Gap) as error:
            logger.warning("hunt_not_changed", error=str(error))
            return False
        return True


async def _changes_below(folder: Path) -> AsyncIterator[bool]:
    """Yields True after every change in the folder, and when another folder stands in its place.

    False once the watch has begun: something may have changed before.
    """
    is_watched = False
    while True:
        watched = _identity(folder)
        if watched is None:
            await asyncio.sleep(LOOK_MILLISECONDS / 1000)
            continue
        async for changed in awatch(
            folder,
            step=SETTLE_MILLISECONDS,
            debounce=MAX_SETTLE_MILLISECONDS,
            rust_timeout=LOOK_MILLISECONDS,
            yield_on_timeout=True,
        ):
            replaced = _identity(folder) != watched
            if changed or replaced or not is_watched:
                is_watched = True
                yield bool(changed or replaced)
            if replaced:
                break


def _identity(folder: Path) -> tuple[int, int] | None:
    """What tells one folder from another in the same place; None where there is none."""
    try:
        found = folder.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
