"""A board that was restored from states, some of which are ahead of it."""

from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from hunt.content.model import Hunt
from hunt.game import commands as cmd
from hunt.game.board import Board
from hunt.game.entries import Entry
from hunt.game.refusals import Refused
from hunt.game.state import TeamState
from playing import World, quick
from random_hunts import commands, hunts

places = st.floats(0, 1)


def board_at(hunt: Hunt, entries: list[Entry], id: int) -> Board:
    board = Board(hunt)
    for entry in entries[:id]:
        board.apply(entry)
    return board


@given(hunts(), st.lists(commands, min_size=3, max_size=12), places, st.tuples(places, places))
@quick(60)
def test_states_that_are_ahead_take_in_only_what_they_lack(
    hunt: Hunt, played: list[cmd.Command], begun: float, ahead: tuple[float, float]
) -> None:
    world = World(hunt, teams=2)
    for command in played:
        with suppress(Refused):
            world.do(command)
    length = len(world.log)
    head = int(begun * length)
    base = board_at(hunt, world.log, head)
    teams: dict[int, TeamState] = {}
    for team_id, share in zip((1, 2), ahead, strict=True):
        at = head + int(share * (length - head))
        if team_id in base.teams:
            teams[team_id] = board_at(hunt, world.log, at).teams[team_id]
    board = Board(hunt)
    board.restore(base.head, base.digest, base.everyone, teams)
    for entry in world.log[head:]:
        board.apply(entry)
    whole = board_at(hunt, world.log, length)
    assert (board.teams, board.everyone) == (whole.teams, whole.everyone)
    assert (board.head, board.digest) == (whole.head, whole.digest)
