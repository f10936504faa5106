"""The stores of `stores.py` as fixtures."""

from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from stores import migrated_database, migrated_file, postgres_store, sqlite_store, store

__all__ = ["migrated_database", "migrated_file", "postgres_store", "sqlite_store", "store"]


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Drawing the tracebacks of injected faults takes seconds."""
    with capture_logs():
        yield
