"""Updates without a socket: one request that asks for what a socket would be sent at this moment."""

from collections.abc import Sequence

from msgspec import Struct

from hunt.live import protocol
from hunt.live.connection import Connection
from hunt.live.hub import Hub, TooManySockets

POLL_SECONDS = 15
"""When a client may ask again. With 300 browsers of a team that costs a few percent of a process."""

BUSY_POLL_SECONDS = 60
"""The same for an account that uses all of its share of the process."""

MORE_SECONDS = 1
"""The same where not everything fitted into the answer."""

MAX_POLLS = 50
"""Of an account at once; each takes milliseconds."""

MAX_POLL_BYTES = 1024 * 1024
"""Of the frames in an answer; only the last of them may go beyond."""


class TooManyPolls(Exception):
    """The account asks for more than its share of the process; `retry_after` seconds to wait."""

    code = "too_many_polls"

    def __init__(self) -> None:
        super().__init__(f"Your team asks for updates too often. Ask again in {BUSY_POLL_SECONDS} seconds.")
        self.retry_after = BUSY_POLL_SECONDS


class Polled(Struct, frozen=True):
    """Frames as a socket carries them, and the seconds until the client should ask again.

    With the `token` a client that asks for the same again says that it has all this; where nothing has changed since,
    there are no frames.
    """

    frames: list[bytes]
    token: str
    again: int


async def poll(hub: Hub, team_id: int, session_id: str, calls: Sequence[protocol.Sub], token: str) -> Polled | None:
    """What a socket would be sent after these calls; None where it would be closed because the session is over.

    Raises TooManyPolls, and LogAway where the log is needed and away.
    """
    budget, standing = hub.shared.budget(team_id), hub.standing(team_id)
    if budget.is_spent or budget.polls >= MAX_POLLS:
        raise TooManyPolls
    if token == standing:
        return Polled([], standing, POLL_SECONDS)
    frames: list[bytes] = []

    async def take(frame: bytes) -> None:
        frames.append(frame)
        if sum(map(len, frames)) > MAX_POLL_BYTES:
            connection.stop(protocol.CLOSE_TOO_SLOW)

    connection = Connection(hub.shared, "poll", team_id, session_id, take)
    try:
        hub.join(connection)
    except TooManySockets:
        raise TooManyPolls from None
    budget.polls += 1
    try:
        for call in calls:
            connection.call(call)
        await connection.send_due()
    finally:
        budget.polls -= 1
        hub.leave(connection)
    match connection.close_code:
        case None:
            return Polled(frames, standing, BUSY_POLL_SECONDS if budget.is_spent else POLL_SECONDS)
        case protocol.CLOSE_TOO_SLOW:
            return Polled(frames, "", MORE_SECONDS)
        case protocol.CLOSE_LOGGED_OUT:
            return None
        case _:
            raise TooManyPolls
