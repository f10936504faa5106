"""The source of truth: the SQL tables, their one writer, and the log as this process knows it."""
