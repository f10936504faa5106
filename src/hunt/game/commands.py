"""What people ask for. A command says who wants what; `decide` says what comes of it."""

from msgspec import Struct

from hunt.content.model import Link
from hunt.game.entries import Verdict
from hunt.game.state import InteractionStep


class Command(Struct, frozen=True, kw_only=True):
    pass


class TeamCommand(Command, frozen=True, kw_only=True):
    """Something that a team does."""

    team_id: int


class SubmitGuess(TeamCommand, frozen=True, kw_only=True):
    slug: str
    text: str


class UnlockPuzzle(TeamCommand, frozen=True, kw_only=True):
    """Spend keys on a puzzle that is unlockable."""

    slug: str


class BuyAnswer(TeamCommand, frozen=True, kw_only=True):
    """Spend clues on the answer of an unlocked puzzle."""

    slug: str


class ExchangeCurrency(TeamCommand, frozen=True, kw_only=True):
    """Turn one clue into keys."""


class StartInteraction(TeamCommand, frozen=True, kw_only=True):
    id: str


class CompleteInteraction(TeamCommand, frozen=True, kw_only=True):
    id: str
    result: str | None = None


class RequestHint(TeamCommand, frozen=True, kw_only=True):
    slug: str
    question: str


class RegisterTeam(TeamCommand, frozen=True, kw_only=True):
    username: str
    name: str


class RenameTeam(TeamCommand, frozen=True, kw_only=True):
    name: str
    username: str | None = None


class SetTeamActive(TeamCommand, frozen=True, kw_only=True):
    active: bool


class Act(Command, frozen=True, kw_only=True):
    """Something that headquarters does to `teams`; None is all teams, those registered later too."""

    teams: tuple[int, ...] | None


class SatisfyGate(Act, frozen=True, kw_only=True):
    id: str


class Grant(Act, frozen=True, kw_only=True):
    """Give (or with a negative amount take) keys or clues; more than a team has only with `force`."""

    keys: int = 0
    clues: int = 0
    force: bool = False


class OpenPuzzle(Act, frozen=True, kw_only=True):
    """Unlock a puzzle at no cost, whatever its lock."""

    slug: str


class SolvePuzzle(Act, frozen=True, kw_only=True):
    slug: str


class ResetRateLimit(Act, frozen=True, kw_only=True):
    slug: str


class OpenHints(Act, frozen=True, kw_only=True):
    slug: str
    after_hours: int = 0


class MoveInteraction(Act, frozen=True, kw_only=True):
    """Bring an interaction to `unlocked`, `running` or `completed`."""

    id: str
    to: InteractionStep
    result: str | None = None


class CatchUp(Command, frozen=True, kw_only=True):
    """Let teams have what they are entitled to by now: time has passed, or the hunt was changed."""

    teams: tuple[int, ...]


class GuessAnswer(Struct, frozen=True, kw_only=True):
    """The reply to a guess; `duplicate` where nothing new was written, `id` is then the earlier entry's."""

    id: int
    canonical_input: str
    verdict: Verdict
    response: str
    link: Link | None = None
    duplicate: bool = False
