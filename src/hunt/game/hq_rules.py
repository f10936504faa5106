"""What headquarters does, to the game and to accounts. As in `team_rules`, a refusal comes before the first append."""

from collections.abc import Callable

from hunt.game import commands as cmd
from hunt.game import entries as e
from hunt.game.board import Ahead
from hunt.game.cascade import follow
from hunt.game.entries import InternalData
from hunt.game.lookups import MAX_RESULT_LENGTH, check_text, known, team
from hunt.game.refusals import Conflict, Invalid
from hunt.game.state import TeamState

MAX_TEAMS_NAMED = 5
"""Teams that a refusal names; of the others it says how many they are."""

MAX_GRANT = 1_000_000
"""Keys or clues in one act; both stores hold far more."""


def register_team(command: cmd.RegisterTeam, ahead: Ahead, internal_data: InternalData) -> None:
    event = e.TeamRegistered(command.username, command.name)
    ahead.append(e.Draft(team_id=command.team_id, event=event), internal_data)
    follow(ahead, [command.team_id])


def rename_team(command: cmd.RenameTeam, ahead: Ahead, internal_data: InternalData) -> None:
    before = team(ahead, command.team_id)
    if (before.name, before.username) != (command.name, command.username or before.username):
        event = e.TeamRenamed(command.name, command.username)
        ahead.append(e.Draft(team_id=command.team_id, event=event), internal_data)


def set_team_active(command: cmd.SetTeamActive, ahead: Ahead, internal_data: InternalData) -> None:
    if team(ahead, command.team_id).active != command.active:
        event = e.TeamReactivated() if command.active else e.TeamDeactivated()
        ahead.append(e.Draft(team_id=command.team_id, event=event), internal_data)


def satisfy_gate(command: cmd.SatisfyGate, ahead: Ahead, internal_data: InternalData) -> None:
    known(command.id, ahead.hunt.gates, "gate")
    event = e.GateCompleted(command.id)
    _act(ahead, command, internal_data, lambda state: None if command.id in state.gates else (event, 0, 0))


def grant(command: cmd.Grant, ahead: Ahead, internal_data: InternalData) -> None:
    if max(abs(command.keys), abs(command.clues)) > MAX_GRANT:
        raise Invalid("bad_amount", f"An amount is between -{MAX_GRANT} and {MAX_GRANT}.")
    if not command.force:
        _check_enough(ahead, command)
    event = e.StrongCurrencyAdjusted() if command.clues else e.CurrencyAdjusted()
    change = (event, command.keys, command.clues) if command.keys or command.clues else None
    _act(ahead, command, internal_data, lambda _: change)


def _check_enough(ahead: Ahead, command: cmd.Grant) -> None:
    """Conflict where the act would take from a team more than it has, and then it is done to none."""
    ids = ahead.team_ids if command.teams is None else list(dict.fromkeys(command.teams))
    states = [team(ahead, id) for id in ids]
    if command.teams is None:  # teams that register later start with what all were given
        states.append(ahead.everyone)
    lacking = [state for state in states if _lacks(state, command)]
    if not lacking:
        return
    names = [state.name or "teams that register later" for state in lacking[:MAX_TEAMS_NAMED]]
    if len(lacking) > MAX_TEAMS_NAMED:
        names.append(f"{len(lacking) - MAX_TEAMS_NAMED} more")
    raise Conflict(
        "insufficient_currency",
        f"This would leave {', '.join(names)} below zero, so nothing was done. Take less, or `force` it.",
    )


def _lacks(state: TeamState, command: cmd.Grant) -> bool:
    after = state.currency + command.keys, state.strong_currency + command.clues
    return (command.keys < 0 and after[0] < 0) or (command.clues < 0 and after[1] < 0)


def open_puzzle(command: cmd.OpenPuzzle, ahead: Ahead, internal_data: InternalData) -> None:
    known(command.slug, ahead.hunt.slot_of, "puzzle")
    event = e.PuzzleUnlocked(command.slug)
    _act(ahead, command, internal_data, lambda state: None if state.puzzle(command.slug).unlocked else (event, 0, 0))


def solve_puzzle(command: cmd.SolvePuzzle, ahead: Ahead, internal_data: InternalData) -> None:
    slot = known(command.slug, ahead.hunt.slot_of, "puzzle")
    event = e.PuzzleSolved(command.slug, ahead.hunt.puzzles[command.slug].answers[0])

    def solve(state: TeamState) -> "_Change | None":
        before = state.puzzle(command.slug)
        if before.solved:
            return None
        pays = state.team_id is not None and not before.prize_earned
        return event, slot.earns if pays else 0, 0

    _act(ahead, command, internal_data, solve)


def reset_rate_limit(command: cmd.ResetRateLimit, ahead: Ahead, internal_data: InternalData) -> None:
    known(command.slug, ahead.hunt.slot_of, "puzzle")
    _act(ahead, command, internal_data, lambda _: (e.RateLimitsReset(command.slug), 0, 0))


def open_hints(command: cmd.OpenHints, ahead: Ahead, internal_data: InternalData) -> None:
    known(command.slug, ahead.hunt.slot_of, "puzzle")
    if command.after_hours < 0:
        raise Invalid("bad_hours", "`after_hours` is a whole number of hours, 0 or more.")
    event = e.HintsUnlocked(command.slug, command.after_hours)
    _act(ahead, command, internal_data, lambda _: (event, 0, 0))


def move_interaction(command: cmd.MoveInteraction, ahead: Ahead, internal_data: InternalData) -> None:
    known(command.id, ahead.hunt.interactions, "interaction")
    check_text(command.result or "", "result", MAX_RESULT_LENGTH)
    rank = _INTERACTION_STATES.index(command.to)
    events: tuple[e.AnyEvent, ...] = (
        e.InteractionUnlocked(command.id),
        e.InteractionStarted(command.id),
        e.InteractionCompleted(command.id, command.result),
    )

    def move(state: TeamState) -> "_Change | None":
        before = state.interactions.get(command.id)
        reached = -1 if before is None else _INTERACTION_STATES.index(before.state)
        return None if reached >= rank else (events[rank], 0, 0)

    _act(ahead, command, internal_data, move)


_INTERACTION_STATES = ("unlocked", "running", "completed")

_Change = tuple[e.AnyEvent, int, int]
"""An event with the keys and the clues that it brings."""


def _act(
    ahead: Ahead, command: cmd.Act, internal_data: InternalData, change: Callable[[TeamState], _Change | None]
) -> None:
    """Append `change` for each of the command's teams, or once for all, and what follows for those it changed."""
    ids = command.teams
    states = [ahead.everyone] if ids is None else [team(ahead, id) for id in dict.fromkeys(ids)]
    changed: list[int] = []
    for state in states:
        if found := change(state):
            event, keys, clues = found
            draft = e.Draft(team_id=state.team_id, event=event, currency_delta=keys, strong_currency_delta=clues)
            ahead.append(draft, internal_data)
            changed += ahead.team_ids if state.team_id is None else [state.team_id]
    follow(ahead, changed)
