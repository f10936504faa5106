"""How many files are on their way to clients at once: one that reads slowly keeps its file open for minutes."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

MAX_DOWNLOADS = 1_000
"""Files that a process sends at once: each is an open file, for as long as its client takes to read it."""

MAX_DOWNLOADS_EACH = 250
"""The same for a team, or for an address that nobody has logged in from."""


class TooManyDownloads(Exception):
    """So many files are on their way already that this one is refused."""

    code = "too_many_downloads"
    retry_after = 2

    def __init__(self) -> None:
        super().__init__("Too many files are being loaded at once. Try again in a moment.")


class Downloads:
    """The files on their way, in all and by who reads them."""

    def __init__(self) -> None:
        self._of: Counter[str] = Counter()

    @contextmanager
    def one_more(self, reader: str) -> Iterator[None]:
        """Counts a file until it is sent. Raises TooManyDownloads."""
        if self._of.total() >= MAX_DOWNLOADS or self._of[reader] >= MAX_DOWNLOADS_EACH:
            raise TooManyDownloads
        self._of[reader] += 1
        try:
            yield
        finally:
            self._of[reader] -= 1
            if not self._of[reader]:
                del self._of[reader]
