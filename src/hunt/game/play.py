"""Playing a hunt from a file of actions, with the real rules and no server: for authors."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from msgspec import Struct

from hunt.content.model import Hunt
from hunt.game import commands as cmd
from hunt.game.board import Ahead, Board
from hunt.game.conditions import moments
from hunt.game.decide import decide
from hunt.game.refusals import Refused
from hunt.game.view import team_state

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
"""Where the clock starts for a hunt without a `start`."""

TEAM_ID = 1

MAX_WAIT_SECONDS = 10 * 366 * 24 * 3600


class NotJson(Exception):
    """A line is not JSON at all; the message says why."""


class BadAction(Exception):
    """A line is JSON but no action; the message says why."""


class GuessAction(Struct, forbid_unknown_fields=True):
    puzzle: str
    text: str


class GrantAction(Struct, forbid_unknown_fields=True):
    amount: int


class Action(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """One of these, and one only."""

    satisfy_gate: str | None = None
    complete_interaction: str | None = None
    solve: str | None = None
    unlock: str | None = None
    guess: GuessAction | None = None
    buy: str | None = None
    grant: GrantAction | None = None
    wait: float | None = None
    reset: bool = False


def read_action(line: str) -> Action:
    """The action on a line of JSON; NotJson for what is not JSON, BadAction for any other JSON."""
    try:
        action = msgspec.json.decode(line, type=Action)
    except msgspec.ValidationError as error:
        raise BadAction(f"this is no action: {error}") from None
    except (msgspec.DecodeError, UnicodeEncodeError) as error:
        raise NotJson(str(error)) from None
    given = [value for value in msgspec.structs.astuple(action) if value is not None and value is not False]
    if len(given) != 1:
        raise BadAction('an action is an object with one key, such as {"solve": "slug"}')
    return action


class Game:
    """One team in one hunt, with a clock that moves only by `wait`."""

    def __init__(self, hunt: Hunt) -> None:
        self.hunt = hunt
        self._begin()

    def _begin(self) -> None:
        self.now = self.hunt.start or EPOCH
        self.board = Board(self.hunt)
        self._submit(cmd.RegisterTeam(team_id=TEAM_ID, username="author", name="Author"))

    @property
    def state(self) -> dict[str, Any]:
        """`TeamState` as it is now."""
        return {"epoch": self.board.head, **team_state(self.hunt, self.board.teams[TEAM_ID])}

    def play(self, action: Action) -> str | None:
        """Carry out an action; why it was refused, None when it was not. A refused action changes nothing."""
        try:
            return self._play(action)
        except Refused as refusal:
            return refusal.detail

    def _play(self, action: Action) -> str | None:
        if action.reset:
            self._begin()
        elif action.wait is not None:
            return self._wait(action.wait)
        else:
            before = self.board.head
            answer = self._submit(_command(action))
            if answer:
                return f"{answer.canonical_input}: {answer.verdict}, {answer.response}"
            if self.board.head == before:
                return "nothing changed"
        return None

    def _submit(self, command: cmd.Command) -> cmd.GuessAnswer | None:
        ahead = Ahead(self.board, self.now)
        answer = decide(command, ahead)
        for entry in ahead.entries:
            self.board.apply(entry)
        return answer

    def _wait(self, seconds: float) -> str | None:
        """Move the clock, letting each time condition fire at its own moment."""
        if not 0 <= seconds <= MAX_WAIT_SECONDS:
            return f"`wait` takes 0 to {MAX_WAIT_SECONDS} seconds"
        until = self.now + timedelta(seconds=seconds)
        for moment in self._moments_until(until):
            self.now = moment
            self._submit(cmd.CatchUp(teams=(TEAM_ID,)))
        self.now = until
        return None

    def _moments_until(self, until: datetime) -> Iterator[datetime]:
        return (moment for moment in moments(self.hunt) if self.now < moment <= until)


def _command(action: Action) -> cmd.Command:
    teams = (TEAM_ID,)
    if action.satisfy_gate is not None:
        return cmd.SatisfyGate(teams=teams, id=action.satisfy_gate)
    if action.complete_interaction is not None:
        return cmd.MoveInteraction(teams=teams, id=action.complete_interaction, to="completed")
    if action.solve is not None:
        return cmd.SolvePuzzle(teams=teams, slug=action.solve)
    if action.unlock is not None:
        return cmd.OpenPuzzle(teams=teams, slug=action.unlock)
    if action.buy is not None:
        return cmd.UnlockPuzzle(team_id=TEAM_ID, slug=action.buy)
    if action.guess is not None:
        return cmd.SubmitGuess(team_id=TEAM_ID, slug=action.guess.puzzle, text=action.guess.text)
    if action.grant is not None:
        return cmd.Grant(teams=teams, keys=action.grant.amount)
    raise AssertionError("an action that was read has a key")
