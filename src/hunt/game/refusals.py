"""Why a command was not carried out. A refusal wrote nothing.

`code` is for programs, `detail` a sentence for people that says what happened and, where there is one, what to do.
"""

from datetime import datetime

NO_PUZZLE = "There is no such puzzle, or your team has not reached it yet."


class Refused(Exception):
    """`field` is the input that is to blame, where there is one."""

    def __init__(self, code: str, detail: str, *, field: str | None = None) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.field = field


class NotFound(Refused):
    """There is no such thing, or the team may not know of it: both are answered alike."""

    def __init__(self, detail: str = "There is nothing here by that name.") -> None:
        super().__init__("not_found", detail)


class Conflict(Refused):
    """It exists, but not in a state in which this can be done."""


class Invalid(Refused):
    """The input can never be accepted as it is."""


class Forbidden(Refused):
    """It exists and could be done, but not by this account."""


class MustWait(Refused):
    """The team guesses too fast; `until` (UTC) is when it may guess again, `seconds` how long that is from now."""

    def __init__(self, until: datetime, seconds: int) -> None:
        super().__init__("rate_limited", f"Wait {seconds} s before the next guess; it was not counted.")
        self.until = until
        self.seconds = seconds
