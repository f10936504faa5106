"""Answers of Redis, or of whatever answers in its place, that are of another form than Redis gives."""

from collections.abc import Iterator
from contextlib import contextmanager

from redis.exceptions import ResponseError

_ODD = (TypeError, ValueError, LookupError, AttributeError)
"""What comes of taking apart an answer of another form, in the client or here."""


@contextmanager
def understood() -> Iterator[None]:
    """Has such an answer count as a refusal, which every task outlives: ResponseError."""
    try:
        yield
    except _ODD as error:
        raise ResponseError(f"Redis gave an answer of another form: {type(error).__name__}: {error}") from error
