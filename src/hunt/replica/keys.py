"""The names in Redis, and the version of the rules by which they are filled."""

RULES = "2"
"""Raise this when what is stored changes, so that no version reads what another one made."""

STREAM = "global/activity_log"
TEAMS = "activity_log"
META = "activity_log/meta"
BUILDER = "activity_log/builder"
LEASE = "activity_log/lease"
NOTES = "activity_log/repairs"
PLACE = "activity_log/scrub"
FIELD = b"entry"
NUMBERED = f"{TEAMS}/[0-9]*"
"""Matches the teams' streams, and little else."""


def team_stream(team: int | str) -> str:
    """Of a team, or of a member of the sorted set."""
    return f"{TEAMS}/{team}"


def numbered(name: bytes) -> str:
    """The digits that `name` has after the slash; an empty string for another name than the teams' streams have."""
    member = name.removeprefix(f"{TEAMS}/".encode())
    return member.decode() if member.isdigit() and member != name else ""


def shadow_stream(token: str) -> str:
    """Where the builder that holds `token` builds aside."""
    return f"{TEAMS}/shadow/{token}"


def message_id(id: int) -> str:
    return f"0-{id}"
