"""How `hunt reload` reaches the processes that play a hunt folder on this machine.

Each listens on a socket file in a folder that only its own user can open. Files need no port and no password, and
every worker of a server has one.
"""

import asyncio
import hashlib
import os
import secrets
import stat
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import structlog
from msgspec import Struct

from hunt.log.source import LogAway
from hunt.log.tail import Gap
from hunt.takeover import TakenOver

ANSWER_SECONDS = 120.0
"""How long a command waits for a process: it folds the whole log anew."""


KEY_LENGTH = 12
NAME_BYTES = 4
"""Both short: the path of a socket has at most about a hundred characters."""

logger = structlog.get_logger()


class Answer(Struct, frozen=True):
    """What a process says: what it has taken over, or why it could not."""

    taken_over: TakenOver | None = None
    failure: str = ""


class NoControl(Exception):
    """There is no folder for sockets that is safe to use; the message says why."""


def control_folder(content: Path) -> Path:
    """Where the processes of this user that play the folder `content` have their sockets."""
    key = hashlib.sha256(os.fsencode(content.absolute())).hexdigest()[:KEY_LENGTH]
    return Path(tempfile.gettempdir()) / f"hunt-{os.getuid()}-{key}"


async def serve_control(content: Path, take_over: Callable[[], Awaitable[TakenOver]]) -> None:
    """Answer every connection by taking the folder over, until cancelled."""
    try:
        path = _own_folder(content) / f"{secrets.token_hex(NAME_BYTES)}.sock"
        server = await asyncio.start_unix_server(lambda _reader, writer: _answer(writer, take_over), path)
    except (NoControl, OSError) as error:
        logger.warning("reload_unavailable", error=str(error))
        return
    try:
        async with server:
            await server.serve_forever()
    finally:
        path.unlink(missing_ok=True)


async def ask_all(content: Path) -> list[Answer]:
    """Have every process that plays the folder take it over; their answers. Sockets that nobody serves are removed."""
    folder = control_folder(content)
    paths = sorted(folder.glob("*.sock")) if _is_own(folder) else []
    answers = await asyncio.gather(*map(_ask, paths))
    for path, answer in zip(paths, answers, strict=True):
        if answer is None:
            path.unlink(missing_ok=True)
    return [answer for answer in answers if answer is not None]


def _own_folder(content: Path) -> Path:
    folder = control_folder(content)
    folder.mkdir(mode=0o700, exist_ok=True)
    if not _is_own(folder):
        raise NoControl(f"{folder} belongs to somebody else or is open to others")
    return folder


def _is_own(folder: Path) -> bool:
    try:
        found = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o077


async def _answer(writer: asyncio.StreamWriter, take_over: Callable[[], Awaitable[TakenOver]]) -> None:
    try:
        answer = Answer(await take_over())
    except (LogAway, Gap) as error:
        answer = Answer(failure=f"The log cannot be read: {error}")
    try:
        writer.write(msgspec.json.encode(answer))
        await writer.drain()
        writer.close()
        await writer.wait_closed()
    except OSError as error:  # whoever asked has gone
        logger.warning("reload_not_answered", error=str(error))


async def _ask(path: Path) -> Answer | None:
    """The answer of the process behind a socket; None when there is none any more."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            reader, writer = await asyncio.open_unix_connection(path)
            try:
                return msgspec.json.decode(await reader.read(), type=Answer)
            finally:
                writer.close()
    except (ConnectionRefusedError, FileNotFoundError):
        return None
    except TimeoutError:
        return Answer(failure=f"A process did not answer within {ANSWER_SECONDS:.0f} s.")
    except (OSError, msgspec.DecodeError):
        return Answer(failure="A process ended before it had answered: see its log.")
