"""The stores of `stores.py` as fixtures."""

from stores import migrated_database, migrated_file, postgres_store, sqlite_store, store

__all__ = ["migrated_database", "migrated_file", "postgres_store", "sqlite_store", "store"]
