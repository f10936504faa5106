"""What a team's program may ask and do, and what it is told."""

import httpx
import pytest

from apps import App, Team
from hunt.game.entries import Entry
from small_hunt import SECRETS, UNICODE_SLUGS

pytestmark = pytest.mark.anyio

Json = dict[str, object]


async def guess(client: httpx.AsyncClient, team: Team, slug: str, text: str) -> httpx.Response:
    return await client.post(f"/api/puzzles/{slug}/guesses", json={"guess": text}, headers=team.headers)


async def grant(client: httpx.AsyncClient, hq: dict[str, str], team: Team, amount: int, kind: str = "keys") -> None:
    body = {"teams": [team.id], "amount": amount, "kind": kind}
    assert (await client.post("/api/ops/currency", json=body, headers=hq)).status_code == 200


async def test_me_is_the_team_and_its_state(client: httpx.AsyncClient, team: Team) -> None:
    me = (await client.get("/api/me", headers=team.headers)).json()
    assert me["team"] == {"id": team.id, "username": team.username, "name": team.name}
    state = me["state"]
    assert set(state) == {"epoch", "currency", "strong_currency", "rounds", "puzzles", "gates_satisfied"}
    downstairs = state["rounds"]["downstairs"]
    assert downstairs["slots"]["dm"] == {"slug": "meta", "is_meta": True}
    assert downstairs["gates"] == ["hunt_started"]
    assert downstairs["interactions"] == {"parade": {"title": "The parade", "state": "unlocked"}}
    assert set(state["puzzles"]["lantern"]) == {
        "title",
        "round",
        "lock",
        "stray",
        "partially_solved",
        "unlocked_at",
    }
    assert [state["puzzles"][slug]["lock"] for slug in ("lantern", "ladder", "meta")] == [
        "unlocked",
        "unlockable",
        "visible",
    ]


async def test_a_puzzle_has_its_state_and_guesses(client: httpx.AsyncClient, team: Team) -> None:
    await guess(client, team, "lantern", "wrong")
    puzzle = (await client.get("/api/puzzles/lantern", headers=team.headers)).json()
    expected = {"slug", "title", "round", "lock", "answer", "partially_solved", "guesses", "epoch"}
    assert expected <= set(puzzle)
    assert puzzle["answer"] is None
    [row] = puzzle["guesses"]
    assert (row["canonical_input"], row["verdict"]) == ("WRONG", "incorrect")


async def test_each_verdict_is_told_with_its_reply(client: httpx.AsyncClient, team: Team) -> None:
    answers = [(await guess(client, team, "lantern", text)).json() for text in ("lamp", "light", "dark", "lighthouse")]
    assert [answer["verdict"] for answer in answers] == ["canned", "partial", "incorrect", "correct"]
    canned, partial, incorrect, correct = answers
    assert canned["link"] == {"display": "the rules", "href": "/pages/rules"}
    assert canned["response"] == "Nearly. What is it for?"
    assert partial["response"] == "And where is it?"
    assert "link" not in incorrect
    expected = {"id", "canonical_input", "verdict", "response", "duplicate", "epoch"}
    assert set(correct) == expected
    assert not correct["duplicate"]
    assert correct["epoch"] > correct["id"]


async def test_a_repetition_is_a_duplicate_even_after_the_solve(client: httpx.AsyncClient, team: Team) -> None:
    first = (await guess(client, team, "mirror", "nope")).json()
    again = (await guess(client, team, "mirror", " N-o-p-e ")).json()
    assert again["duplicate"]
    assert again["id"] == first["id"]
    solved = (await guess(client, team, "mirror", "moon")).json()
    repeated = await guess(client, team, "mirror", "MOON")
    assert repeated.status_code == 200
    assert repeated.json()["duplicate"]
    assert repeated.json()["id"] == solved["id"]
    other = await guess(client, team, "mirror", "sun")
    assert (other.status_code, other.json()["code"]) == (409, "already_solved")


async def test_the_answer_after_an_operators_solve_is_a_duplicate_too(
    client: httpx.AsyncClient, team: Team, hq: dict[str, str]
) -> None:
    await client.post("/api/ops/puzzles/mirror/solve", json={"teams": [team.id]}, headers=hq)
    answer = await guess(client, team, "mirror", "moon")
    assert answer.json()["duplicate"]
    assert answer.json()["verdict"] == "correct"


async def test_the_third_wrong_guess_has_to_wait_and_says_how_long(client: httpx.AsyncClient, team: Team) -> None:
    for text in ("one", "two"):
        assert (await guess(client, team, "mirror", text)).status_code == 200
    waiting = await guess(client, team, "mirror", "three")
    assert (waiting.status_code, waiting.json()["code"]) == (429, "rate_limited")
    assert waiting.json()["retry_after"] in range(1, 61)
    assert waiting.headers["retry-after"] == str(waiting.json()["retry_after"])
    right = await guess(client, team, "mirror", "moon")
    assert (right.status_code, set(right.json())) == (429, set(waiting.json())), "right and wrong wait alike"
    assert (await guess(client, team, "mirror", "ONE")).json()["duplicate"], "a repetition is free"


async def test_a_reset_of_the_rate_limit_lets_the_team_guess_at_once(
    client: httpx.AsyncClient, team: Team, hq: dict[str, str]
) -> None:
    for text in ("one", "two", "three"):
        await guess(client, team, "mirror", text)
    body = {"teams": [team.id]}
    assert (await client.post("/api/ops/puzzles/mirror/reset-rate-limit", json=body, headers=hq)).status_code == 200
    assert (await guess(client, team, "mirror", "three")).status_code == 200


async def test_a_seen_but_locked_puzzle_is_409_and_one_not_seen_404(client: httpx.AsyncClient, team: Team) -> None:
    for seen in ("meta", "ladder"):
        answer = await guess(client, team, seen, "anything")
        assert (answer.status_code, answer.json()["code"]) == (409, "not_unlocked")
    assert (await guess(client, team, "vault", "quicksilver")).status_code == 404


PUZZLE_REQUESTS = [
    ("GET", "", None),
    ("GET", "/hints", None),
    ("POST", "/guesses", {"guess": "quicksilver"}),
    ("POST", "/guesses", {"guess": ""}),
    ("POST", "/guesses", {}),
    ("POST", "/unlock", None),
    ("POST", "/buy-answer", None),
    ("POST", "/hints", {"question": "Where am I?"}),
]


@pytest.mark.parametrize(("method", "path", "body"), PUZZLE_REQUESTS)
async def test_a_locked_puzzle_and_one_that_does_not_exist_answer_alike(
    client: httpx.AsyncClient, team: Team, method: str, path: str, body: Json | None
) -> None:
    answers = [
        await client.request(method, f"/api/puzzles/{slug}{path}", json=body, headers=team.headers)
        for slug in ("vault", "attic", "nowhere")
    ]
    assert len({(answer.status_code, answer.content, str(answer.headers)) for answer in answers}) == 1
    assert answers[0].status_code in {404, 422}


@pytest.mark.parametrize("step", ["start", "complete"])
async def test_a_locked_interaction_and_one_that_does_not_exist_answer_alike(
    client: httpx.AsyncClient, team: Team, step: str
) -> None:
    answers = [
        await client.post(f"/api/interactions/{id}/{step}", headers=team.headers)
        for id in ("tea", "under_the_stairs", "nothing")
    ]
    assert {(answer.status_code, answer.content, str(answer.headers)) for answer in answers} == {
        (404, answers[0].content, str(answers[0].headers))
    }


async def test_nothing_locked_is_in_any_answer(client: httpx.AsyncClient, team: Team) -> None:
    await guess(client, team, "lantern", "wrong")
    for path in ("/api/me", "/api/activity", "/api/puzzles/lantern", "/api/puzzles/meta", "/api/puzzles/lantern/hints"):
        text = (await client.get(path, headers=team.headers)).text
        assert not [secret for secret in SECRETS if secret in text], path


async def test_unlocking_costs_a_key_and_is_done_once(
    client: httpx.AsyncClient, team: Team, hq: dict[str, str]
) -> None:
    poor = await client.post("/api/puzzles/ladder/unlock", headers=team.headers)
    assert (poor.status_code, poor.json()["code"]) == (409, "insufficient_currency")
    await grant(client, hq, team, 1)
    unlocked = await client.post("/api/puzzles/ladder/unlock", headers=team.headers)
    assert unlocked.status_code == 200
    assert unlocked.json()["lock"] == "unlocked"
    assert unlocked.json()["currency"] == 0
    again = await client.post("/api/puzzles/ladder/unlock", headers=team.headers)
    assert (again.status_code, again.json()["code"]) == (409, "already_unlocked")
    visible = await client.post("/api/puzzles/meta/unlock", headers=team.headers)
    assert (visible.status_code, visible.json()["code"]) == (409, "not_for_sale")


async def test_an_answer_is_bought_with_a_clue_where_it_is_for_sale(
    client: httpx.AsyncClient, team: Team, hq: dict[str, str]
) -> None:
    not_for_sale = await client.post("/api/puzzles/mirror/buy-answer", headers=team.headers)
    assert (not_for_sale.status_code, not_for_sale.json()["code"]) == (409, "not_for_sale")
    poor = await client.post("/api/puzzles/lantern/buy-answer", headers=team.headers)
    assert (poor.status_code, poor.json()["code"]) == (409, "insufficient_currency")
    await grant(client, hq, team, 1, "clues")
    bought = await client.post("/api/puzzles/lantern/buy-answer", headers=team.headers)
    assert (bought.status_code, bought.json()["answer"]) == (200, "LIGHTHOUSE")
    again = await client.post("/api/puzzles/lantern/buy-answer", headers=team.headers)
    assert (again.status_code, again.json()["code"]) == (409, "already_solved")


async def test_a_clue_is_exchanged_for_keys(client: httpx.AsyncClient, team: Team, hq: dict[str, str]) -> None:
    poor = await client.post("/api/currency/exchange", headers=team.headers)
    assert (poor.status_code, poor.json()["code"]) == (409, "insufficient_currency")
    await grant(client, hq, team, 1, "clues")
    rich = await client.post("/api/currency/exchange", headers=team.headers)
    assert (rich.status_code, rich.json()) == (200, {"currency": 1, "strong_currency": 0})


async def test_an_interaction_of_the_team_is_started_and_completed_by_it(client: httpx.AsyncClient, team: Team) -> None:
    await guess(client, team, "lantern", "lighthouse")
    started = await client.post("/api/interactions/tea/start", headers=team.headers)
    assert started.status_code == 200
    assert started.json()["rounds"]["downstairs"]["interactions"]["tea"]["state"] == "running"
    twice = await client.post("/api/interactions/tea/start", headers=team.headers)
    assert (twice.status_code, twice.json()["code"]) == (409, "already_started")
    done = await client.post("/api/interactions/tea/complete", json={"result": "Milk"}, headers=team.headers)
    assert done.json()["rounds"]["downstairs"]["interactions"]["tea"] == {
        "title": "Tea",
        "state": "completed",
        "result": "Milk",
    }
    again = await client.post("/api/interactions/tea/complete", headers=team.headers)
    assert (again.status_code, again.json()["code"]) == (409, "already_completed")


async def test_an_interaction_that_staff_run_is_not_the_teams(client: httpx.AsyncClient, team: Team) -> None:
    for step in ("start", "complete"):
        answer = await client.post(f"/api/interactions/parade/{step}", headers=team.headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "not_yours")


async def test_one_hint_is_asked_for_at_a_time_once_hints_are_open(
    client: httpx.AsyncClient, team: Team, hq: dict[str, str]
) -> None:
    ask = {"question": "We see the lamp, and now?"}
    closed = await client.post("/api/puzzles/lantern/hints", json=ask, headers=team.headers)
    assert (closed.status_code, closed.json()["code"]) == (409, "hints_closed")
    body = {"teams": [team.id], "after_hours": 0}
    await client.post("/api/ops/puzzles/lantern/hints/open", json=body, headers=hq)
    asked = await client.post("/api/puzzles/lantern/hints", json=ask, headers=team.headers)
    assert asked.status_code == 201
    [hint] = (await client.get("/api/puzzles/lantern/hints", headers=team.headers)).json()["hints"]
    assert (hint["question"], hint["answer"]) == (ask["question"], None)
    more = await client.post("/api/puzzles/lantern/hints", json=ask, headers=team.headers)
    assert (more.status_code, more.json()["code"]) == (409, "hint_outstanding")


async def test_activity_is_what_the_team_saw_in_order(client: httpx.AsyncClient, team: Team) -> None:
    await guess(client, team, "lantern", "lighthouse")
    whole = (await client.get("/api/activity", headers=team.headers)).json()
    ids = [entry["id"] for entry in whole["entries"]]
    assert ids == sorted(set(ids))
    assert set(whole["head"]) == {"id", "mac"}
    for entry in whole["entries"]:
        assert {"id", "timestamp", "type", "currency_delta", "strong_currency_delta"} <= set(entry)
        assert "internal_data" not in entry
    [solve] = [entry for entry in whole["entries"] if entry["type"] == "puzzle_solved"]
    assert (solve["slug"], solve["title"], solve["answer"]) == ("lantern", "Lantern", "LIGHTHOUSE")
    later = (await client.get("/api/activity", params={"since": solve["id"] - 1}, headers=team.headers)).json()
    assert [entry["id"] for entry in later["entries"]] == [id for id in ids if id >= solve["id"]]
    few = (await client.get("/api/activity", params={"limit": 2}, headers=team.headers)).json()
    assert [entry["id"] for entry in few["entries"]] == ids[:2]
    none = (await client.get("/api/activity", params={"since": 2**53 - 1}, headers=team.headers)).json()
    assert none["entries"] == []


async def test_a_limit_bounds_what_is_read_of_the_activity(
    client: httpx.AsyncClient, api_app: App, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = api_app.services.history
    read: list[int] = []

    async def counted(team_id: int, after: int, upto: int, limit: int) -> list[Entry]:
        read.append(limit)
        return await api_app.services.replica.team_entries(team_id, after, upto, limit)

    monkeypatch.setattr(history, "_team_entries", counted)
    entries = (await client.get("/api/activity", params={"limit": 1}, headers=team.headers)).json()["entries"]
    assert len(entries) == 1
    assert set(read) == {1}


async def test_a_team_never_reads_of_another(client: httpx.AsyncClient, api_app: App, team: Team) -> None:
    other = await api_app.team()
    await guess(client, other, "lantern", "private thoughts")
    text = (await client.get("/api/activity", headers=team.headers)).text
    assert "PRIVATE" not in text
    assert other.username not in text


@pytest.mark.parametrize("slug", UNICODE_SLUGS)
async def test_a_slug_may_be_of_any_script(client: httpx.AsyncClient, team: Team, slug: str) -> None:
    assert (await client.get(f"/api/puzzles/{slug}", headers=team.headers)).json()["slug"] == slug
    assert (await guess(client, team, slug, "odd")).json()["verdict"] == "correct"


@pytest.mark.parametrize("path", ["/api/me", "/api/puzzles/lantern", "/api/activity", "/api/puzzles/lantern/hints"])
async def test_nobody_reads_anything(client: httpx.AsyncClient, hq: dict[str, str], path: str) -> None:
    nobody = await client.get(path)
    assert (nobody.status_code, nobody.json()["code"]) == (401, "not_logged_in")
    operator = await client.get(path, headers=hq)
    assert (operator.status_code, operator.json()["code"]) == (403, "forbidden")


async def test_an_answer_that_wrote_sets_the_hunt_id_and_one_that_did_not_does_not(
    client: httpx.AsyncClient, team: Team
) -> None:
    first = await guess(client, team, "mirror", "first")
    assert first.cookies["hunt_id"] == str(first.json()["epoch"])
    assert "hunt_id" not in (await guess(client, team, "mirror", "first")).cookies
    assert "hunt_id" not in (await client.get("/api/me", headers=team.headers)).cookies


@pytest.mark.parametrize("id", ["999999999", "0", "-1", "x", "9" * 400, "٣", ""])
async def test_a_hunt_id_that_is_none_is_ignored(client: httpx.AsyncClient, team: Team, id: str) -> None:
    headers = [(b"x-hunt-id", id.encode()), (b"authorization", f"Bearer {team.token}".encode())]
    assert (await client.get("/api/me", headers=headers)).status_code == 200
