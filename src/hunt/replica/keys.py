"""The names in Redis, and the version of the rules by which they are filled."""

RULES = "1"
"""Raise this when what is stored changes, so that no version reads what another one made."""

STREAM = "global/activity_log"
TEAMS = "activity_log"
META = "activity_log/meta"
BUILDER = "activity_log/builder"
LEASE = "activity_log/lease"
NOTES = "activity_log/repairs"
PLACE = "activity_log/scrub"
FIELD = b"entry"


def team_stream(team_id: int) -> str:
    return f"{TEAMS}/{team_id}"


def shadow_stream(token: str) -> str:
    """Where the builder that holds `token` builds aside."""
    return f"{TEAMS}/shadow/{token}"


def message_id(id: int) -> str:
    return f"0-{id}"
