"""What can be wrong with a login or an account; each message is for people."""


class WrongLogin(Exception):
    """Name and password do not fit together."""

    def __init__(self) -> None:
        super().__init__("This name and this password do not fit together.")


class LoginThrottled(Exception):
    """Too many failed logins; `retry_after` seconds to wait."""

    code = "too_many_logins"

    def __init__(self, retry_after: int) -> None:
        minutes = -(-retry_after // 60)
        super().__init__(
            f"Too many wrong passwords came from here. Wait {minutes} minute{'' if minutes == 1 else 's'}, "
            "or use a browser that was logged in to this account before, or another network. "
            "Headquarters can unlock the account."
        )
        self.retry_after = retry_after


class LoginsBusy(Exception):
    """Too many people log in at this moment."""

    code = "overloaded"

    def __init__(self) -> None:
        super().__init__("Very many people are logging in right now. Try again in a few seconds.")
        self.retry_after = 5


class NotLoggedIn(Exception):
    """The request needs a login and has none that is valid any more."""

    def __init__(self) -> None:
        super().__init__("Log in to see this.")


class NotAllowed(Exception):
    """Logged in, but as somebody who may not do this."""

    code = "forbidden"

    def __init__(self, detail: str = "This is for headquarters only.") -> None:
        super().__init__(detail)


class BadAccount(Exception):
    """A field of an account cannot be as it is; `field` says which."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(detail)
        self.field = field
