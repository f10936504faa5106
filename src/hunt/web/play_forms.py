"""What forms about the game post: guesses, hints, keys, interactions."""

import msgspec
from litestar import Router, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from hunt.content.addresses import puzzle_href, round_href
from hunt.errors import FORESEEN, Fault, fault_of
from hunt.game import commands as cmd
from hunt.requests import AnyRequest, carry_out
from hunt.web.common import Pages, team_view
from hunt.web.form import Answer, Form, fault_in, read_form
from hunt.web.pages import draw_puzzle

CONFLICT = 409


@post("/puzzles/{slug:str}/guess", status_code=200)
async def guess(request: AnyRequest, slug: FromPath[str], pages: NamedDependency[Pages]) -> Answer:
    sent = await read_form(request, "guess")
    team_id = team_view(request, pages).team_id
    try:
        done = await carry_out(request, pages.services, cmd.SubmitGuess(team_id=team_id, slug=slug, text=sent["guess"]))
    except FORESEEN as error:
        return _draw_refused(request, slug, pages, sent, fault_of(error))
    if done.answer is None:
        return pages.back_to(puzzle_href(slug))
    again = " You guessed this before." if done.answer.duplicate else ""
    kind = "ok" if done.answer.verdict == "correct" else "info"
    return pages.back_to(puzzle_href(slug), f"{done.answer.canonical_input}: {done.answer.response}{again}", kind)


async def _play(request: AnyRequest, pages: Pages, command: cmd.TeamCommand, path: str, text: str) -> Redirect:
    """Carry out a command and go on to `path`, where the notice says what came of it."""
    fault = await fault_in(carry_out(request, pages.services, command))
    return pages.back_to(path, fault.detail, "error") if fault else pages.back_to(path, text)


def _team_id(request: AnyRequest, pages: Pages) -> int:
    return team_view(request, pages).team_id


@post("/puzzles/{slug:str}/unlock", status_code=200)
async def unlock(request: AnyRequest, slug: FromPath[str], pages: NamedDependency[Pages]) -> Redirect:
    command = cmd.UnlockPuzzle(team_id=_team_id(request, pages), slug=slug)
    return await _play(request, pages, command, puzzle_href(slug), "Unlocked.")


@post("/puzzles/{slug:str}/buy-answer", status_code=200)
async def buy_answer(request: AnyRequest, slug: FromPath[str], pages: NamedDependency[Pages]) -> Redirect:
    command = cmd.BuyAnswer(team_id=_team_id(request, pages), slug=slug)
    return await _play(request, pages, command, puzzle_href(slug), "The answer is yours.")


@post("/puzzles/{slug:str}/hint", status_code=200)
async def request_hint(request: AnyRequest, slug: FromPath[str], pages: NamedDependency[Pages]) -> Answer:
    sent = await read_form(request, "question")
    command = cmd.RequestHint(team_id=_team_id(request, pages), slug=slug, question=sent["question"])
    fault = await fault_in(carry_out(request, pages.services, command))
    if fault is None:
        return pages.back_to(puzzle_href(slug), "Your question is on its way to headquarters.")
    named = msgspec.structs.replace(fault, field="question")
    return _draw_refused(request, slug, pages, sent, named)


def _draw_refused(request: AnyRequest, slug: str, pages: Pages, sent: dict[str, str], fault: Fault) -> Answer:
    """The form as it was sent, or where the puzzle has no such form any more, the puzzle and why."""
    if fault.status == CONFLICT:
        return pages.back_to(puzzle_href(slug), fault.detail, "error")
    return draw_puzzle(request, slug, pages, Form.refused(sent, fault), fault.status)


@post("/currency/exchange", status_code=200)
async def exchange(request: AnyRequest, pages: NamedDependency[Pages]) -> Redirect:
    command = cmd.ExchangeCurrency(team_id=_team_id(request, pages))
    return await _play(request, pages, command, "/", "A clue was exchanged for keys.")


@post("/interactions/{id:str}/start", status_code=200)
async def start_interaction(request: AnyRequest, id: FromPath[str], pages: NamedDependency[Pages]) -> Redirect:
    command = cmd.StartInteraction(team_id=_team_id(request, pages), id=id)
    return await _play(request, pages, command, _page_of(request, pages, id), "It has begun.")


@post("/interactions/{id:str}/complete", status_code=200)
async def complete_interaction(request: AnyRequest, id: FromPath[str], pages: NamedDependency[Pages]) -> Redirect:
    sent = await read_form(request, "result")
    command = cmd.CompleteInteraction(team_id=_team_id(request, pages), id=id, result=sent["result"] or None)
    return await _play(request, pages, command, _page_of(request, pages, id), "Done.")


def _page_of(request: AnyRequest, pages: Pages, interaction_id: str) -> str:
    """The page that shows an interaction: its round's, or the hub where the team has not reached that."""
    view = team_view(request, pages)
    for round_ in view.hunt.rounds:
        if any(each.id == interaction_id for each in round_.interactions) and view.has_round(round_.slug):
            return round_href(round_.slug)
    return "/"


router = Router(
    path="/",
    route_handlers=[
        guess,
        unlock,
        buy_answer,
        request_hint,
        exchange,
        start_interaction,
        complete_interaction,
    ],
    include_in_schema=False,
)
