"""What went wrong, as a status and a sentence: the one place where exceptions become answers."""

from typing import Any

import structlog
from litestar.exceptions import HTTPException, ValidationException
from litestar.handlers import BaseRouteHandler
from msgspec import Struct
from sqlalchemy.exc import SQLAlchemyError

from hunt.accounts.errors import BadAccount, LoginsBusy, LoginThrottled, NotAllowed, NotLoggedIn, WrongLogin
from hunt.accounts.rates import TooOften
from hunt.game.refusals import Conflict, Forbidden, Invalid, MustWait, NotFound, Refused
from hunt.http.downloads import TooManyDownloads
from hunt.http.own_pages import ForeignOrigin
from hunt.http.shapes import describe, explain, type_at
from hunt.live.poll import TooManyPolls
from hunt.log.database import reason_of
from hunt.log.source import LogAway
from hunt.log.writer import Overloaded, Unavailable
from hunt.metrics import REFUSED, count_refusal

logger = structlog.get_logger()


class Fault(Struct, frozen=True, kw_only=True):
    """An answer that is no success. `retry_after` is in whole seconds; `field` names an input where one is to blame."""

    status: int
    code: str
    detail: str
    retry_after: int | None = None
    field: str | None = None

    @property
    def headers(self) -> dict[str, str]:
        return {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}

    @property
    def body(self) -> dict[str, Any]:
        body: dict[str, Any] = {"code": self.code, "detail": self.detail}
        if self.retry_after is not None:
            body["retry_after"] = self.retry_after
        if self.field is not None:
            body["field"] = self.field
        return body


FORESEEN = (
    Refused,
    BadAccount,
    WrongLogin,
    LoginThrottled,
    TooOften,
    LoginsBusy,
    NotAllowed,
    Overloaded,
    Unavailable,
)
"""What a form may answer with in its own page."""

_REFUSALS: dict[type[Refused], int] = {NotFound: 404, Conflict: 409, Invalid: 422, Forbidden: 403}

_AWAY = "The hunt cannot be looked up just now. Try again in a moment."

_HTTP_CODES = {
    400: "bad_request",
    401: "not_logged_in",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
    422: "bad_shape",
}

_HTTP_DETAILS = {
    404: "There is nothing here by that name.",
    405: "This address does not take such a request.",
    413: "This is far too long.",
}


def fault_of(error: Exception, handler: BaseRouteHandler | None = None) -> Fault:
    """The answer to an exception, counted for `/metrics` if it is a refusal. `handler` is the one that was asked.

    An exception that is not foreseen is logged and becomes a 500 without a detail of it.
    """
    fault = _fault_of(error, handler)
    if fault.status in REFUSED:
        count_refusal(fault.code, fault.status)
    return fault


def _fault_of(error: Exception, handler: BaseRouteHandler | None) -> Fault:
    match error:
        case MustWait():
            return Fault(status=429, code=error.code, detail=error.detail, retry_after=error.seconds)
        case Refused():
            return Fault(status=_REFUSALS[type(error)], code=error.code, detail=error.detail, field=error.field)
        case BadAccount():
            return Fault(status=422, code="bad_field", detail=str(error), field=error.field)
        case WrongLogin():
            return Fault(status=401, code="wrong_login", detail=str(error))
        case NotLoggedIn():
            return Fault(status=401, code="not_logged_in", detail=str(error))
        case NotAllowed() | ForeignOrigin():
            return Fault(status=403, code=error.code, detail=str(error))
        case LoginThrottled() | TooOften() | TooManyPolls():
            return Fault(status=429, code=error.code, detail=str(error), retry_after=error.retry_after)
        case LoginsBusy() | Overloaded() | Unavailable() | TooManyDownloads():
            return Fault(status=503, code=error.code, detail=str(error), retry_after=error.retry_after)
        case SQLAlchemyError() | LogAway() | OSError():
            logger.warning("database_away", error=reason_of(error))
            return Fault(status=503, code="unavailable", detail=_AWAY, retry_after=5)
        case ValidationException() if handler is not None:
            return Fault(status=422, code="bad_shape", detail=_explain(error, handler))
        case HTTPException():
            return _of_http(error)
        case _:
            logger.error("request_failed", exc_info=error)
            return Fault(status=500, code="server_error", detail="Something broke on our side. It has been noted.")


def _of_http(error: HTTPException) -> Fault:
    status = 422 if error.status_code == 400 else error.status_code  # noqa: PLR2004 - errors of shape are 422 everywhere
    code = _HTTP_CODES.get(status, "error")
    detail = _HTTP_DETAILS.get(status, error.detail)
    if not detail.endswith("."):
        detail = f"This request cannot be read: {detail}."
    return Fault(status=status, code=code, detail=detail)


def _explain(error: ValidationException, handler: BaseRouteHandler) -> str:
    """What is wrong with the parameters or the body that a handler was to get."""
    parts = error.extra if isinstance(error.extra, list) else []
    return " ".join(_explain_part(part, handler.signature_model) for part in parts) or "This request cannot be read."


def _explain_part(part: dict[str, str], signature: Any) -> str:
    message, key = part.get("message", ""), part.get("key", "")
    if part.get("source") != "body" and key != "data":
        return explain(message, signature, key, "The request")
    body = type_at(signature, "data")
    if message == "'data'":  # how Litestar says that there is no body
        return f"The body is missing: it must be {describe(body)}."
    return explain(message, body, "" if key == "data" else key, "The body")
