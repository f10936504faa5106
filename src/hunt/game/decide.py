"""What comes of a command. Pure: the state is the `Ahead` that is passed in, time is its `now`."""

from collections.abc import Callable
from typing import Any

from hunt.game import commands as cmd
from hunt.game import hq_rules, team_rules
from hunt.game.board import Ahead
from hunt.game.cascade import follow
from hunt.game.entries import InternalData

TEAM_RULES: dict[type[cmd.Command], Callable[[Any, Ahead], cmd.GuessAnswer | None]] = {
    cmd.SubmitGuess: team_rules.submit_guess,
    cmd.UnlockPuzzle: team_rules.unlock_puzzle,
    cmd.BuyAnswer: team_rules.buy_answer,
    cmd.ExchangeCurrency: team_rules.exchange_currency,
    cmd.StartInteraction: team_rules.start_interaction,
    cmd.CompleteInteraction: team_rules.complete_interaction,
    cmd.RequestHint: team_rules.request_hint,
}
"""The rule of each command that a team gives."""

HQ_RULES: dict[type[cmd.Command], Callable[[Any, Ahead, InternalData], None]] = {
    cmd.RegisterTeam: hq_rules.register_team,
    cmd.RenameTeam: hq_rules.rename_team,
    cmd.SetTeamActive: hq_rules.set_team_active,
    cmd.SatisfyGate: hq_rules.satisfy_gate,
    cmd.Grant: hq_rules.grant,
    cmd.OpenPuzzle: hq_rules.open_puzzle,
    cmd.SolvePuzzle: hq_rules.solve_puzzle,
    cmd.ResetRateLimit: hq_rules.reset_rate_limit,
    cmd.OpenHints: hq_rules.open_hints,
    cmd.MoveInteraction: hq_rules.move_interaction,
}
"""The rule of each command whose entry says in `internal_data` who gave it."""


def decide(command: cmd.Command, ahead: Ahead, internal_data: InternalData = None) -> cmd.GuessAnswer | None:
    """Append to the `Ahead` whatever `command` brings about, the cascade included; a guess is answered.

    Raises a `Refused` when the command cannot be done; nothing is appended then.
    """
    kind = type(command)
    if rule := TEAM_RULES.get(kind):
        return rule(command, ahead)
    if isinstance(command, cmd.CatchUp):
        follow(ahead, [team_id for team_id in command.teams if ahead.team(team_id)])
        return None
    HQ_RULES[kind](command, ahead, internal_data)
    return None
