"""Forms. Everything works without a script: an answer is a page, with the form filled in where it failed."""

from collections.abc import Awaitable
from typing import Any

from litestar import Response
from litestar.enums import RequestEncodingType
from litestar.exceptions.http_exceptions import RequestEntityTooLarge
from litestar.response import Redirect
from msgspec import Struct

from hunt.errors import FORESEEN, Fault, fault_of
from hunt.requests import AnyRequest

MAX_FIELDS = 20
"""Of a form; ours have a few. Taking thousands apart would make others wait."""

Answer = Response[Any] | Redirect


class Form(Struct, kw_only=True):
    """A form as it was sent, and what was wrong with it, so that nothing that was typed is lost."""

    values: dict[str, str] = {}
    errors: dict[str, str] = {}
    error: str | None = None
    ok: str | None = None
    retry_after: int | None = None

    @classmethod
    def refused(cls, sent: dict[str, str], fault: Fault) -> "Form":
        if fault.field:
            return cls(values=sent, errors={fault.field: fault.detail}, retry_after=fault.retry_after)
        return cls(values=sent, error=fault.detail, retry_after=fault.retry_after)


async def read_form(request: AnyRequest, *names: str) -> dict[str, str]:
    """The named fields of the form, empty where they are missing; line ends as typed on any machine.

    Raises RequestEntityTooLarge where there are too many. (Litestar counts the parts of a multipart form.)
    """
    if request.content_type[0] == RequestEncodingType.URL_ENCODED and (await request.body()).count(b"&") >= MAX_FIELDS:
        raise RequestEntityTooLarge
    form = await request.form()
    texts = {name: form.get(name, "") for name in names}
    return {name: text.replace("\r\n", "\n") if isinstance(text, str) else "" for name, text in texts.items()}


async def fault_in(work: Awaitable[object]) -> Fault | None:
    """What went wrong with `work`, None when nothing did."""
    try:
        await work
    except FORESEEN as error:
        return fault_of(error)
    return None
