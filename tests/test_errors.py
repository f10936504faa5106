"""Every exception that somebody may cause has its status, its code and a sentence; others tell nothing of themselves."""

from datetime import timedelta

import pytest
from litestar.exceptions import HTTPException, ValidationException
from sqlalchemy.exc import OperationalError

from hunt.accounts.errors import BadAccount, LoginsBusy, LoginThrottled, NotAllowed, NotLoggedIn, WrongLogin
from hunt.errors import fault_of
from hunt.game.refusals import Conflict, Forbidden, Invalid, MustWait, NotFound
from hunt.http.downloads import TooManyDownloads
from hunt.log.source import LogAway
from hunt.log.writer import OutcomeUnknown, Overloaded, Unavailable
from playing import KICKOFF


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (NotFound(), 404, "not_found"),
        (Conflict("already_solved", "It is."), 409, "already_solved"),
        (Invalid("empty_guess", "It is."), 422, "empty_guess"),
        (Forbidden("not_yours", "It is not."), 403, "not_yours"),
        (MustWait(KICKOFF + timedelta(seconds=9), 9), 429, "rate_limited"),
        (BadAccount("name", "Choose another."), 422, "bad_field"),
        (WrongLogin(), 401, "wrong_login"),
        (NotLoggedIn(), 401, "not_logged_in"),
        (NotAllowed(), 403, "forbidden"),
        (LoginThrottled(61), 429, "too_many_logins"),
        (LoginsBusy(), 503, "overloaded"),
        (Overloaded(), 503, "overloaded"),
        (Unavailable(), 503, "unavailable"),
        (TooManyDownloads(), 503, "too_many_downloads"),
        (OutcomeUnknown(), 503, "outcome_unknown"),
        (OperationalError("SELECT secret", None, Exception("gone")), 503, "unavailable"),
        (LogAway("secret"), 503, "unavailable"),
        (HTTPException(status_code=404, detail="secret"), 404, "not_found"),
        (HTTPException(status_code=405), 405, "method_not_allowed"),
        (HTTPException(status_code=413), 413, "too_large"),
        (HTTPException(status_code=400, detail="odd"), 422, "bad_shape"),
        (ValidationException(extra=[{"key": "guess", "message": "Expected `str`"}]), 422, "bad_shape"),
        (ValidationException(), 422, "bad_shape"),
        (RuntimeError("secret"), 500, "server_error"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_an_error_becomes_a_status_a_code_and_a_sentence(error: Exception, status: int, code: str) -> None:
    fault = fault_of(error)
    assert (fault.status, fault.code) == (status, code)
    assert fault.detail.endswith(".")
    assert "secret" not in fault.detail
    assert fault.body == {
        "code": code,
        "detail": fault.detail,
        **({} if fault.retry_after is None else {"retry_after": fault.retry_after}),
        **({} if fault.field is None else {"field": fault.field}),
    }


def test_whoever_has_to_wait_is_told_how_long_in_whole_seconds() -> None:
    fault = fault_of(MustWait(KICKOFF, 17))
    assert (fault.retry_after, fault.headers) == (17, {"Retry-After": "17"})
    assert all(fault_of(error).retry_after for error in (Overloaded(), Unavailable(), LoginsBusy(), LoginThrottled(5)))
    assert fault_of(NotFound()).headers == {}
