"""What comes of Redis, or of whatever answers in its place, in a form in which the client does not tell it."""

from collections.abc import Iterator
from contextlib import contextmanager

from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError

from hunt.log.database import reason_of

_ODD = (TypeError, ValueError, LookupError, AttributeError)
"""What comes of taking apart an answer of another form, in the client or here."""


@contextmanager
def as_refusal() -> Iterator[None]:
    """Turns an answer of another form into ResponseError, and a lost connection into ConnectionError."""
    try:
        yield
    except _ODD as error:
        raise ResponseError(f"Redis gave an answer of another form: {type(error).__name__}: {error}") from error
    except RuntimeError as error:  # what uvloop says of a connection that was closed just after it was accepted
        raise RedisConnectionError(f"The connection to Redis was lost: {reason_of(error)}") from error
