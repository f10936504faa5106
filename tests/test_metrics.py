"""What a process counts for `/metrics`."""

import pytest
from prometheus_client import generate_latest

from hunt import metrics
from hunt.accounts.errors import LoginThrottled
from hunt.errors import fault_of
from hunt.game.refusals import NotFound
from refusals import refusals


def test_a_refusal_counts_by_its_code_and_other_answers_do_not() -> None:
    before, missing = refusals("too_many_logins", 429), refusals("not_found", 404)
    fault_of(LoginThrottled(5))
    fault_of(NotFound())
    assert refusals("too_many_logins", 429) == before + 1
    assert refusals("not_found", 404) == missing
    assert b'hunt_refusals_total{kind="too_many_logins",status="429"}' in generate_latest(metrics.REGISTRY)


def test_however_many_kinds_there_are_the_figures_stay_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "_kinds", {("made_up_0", 499)})
    monkeypatch.setattr(metrics, "MAX_KINDS", 1)
    before = refusals("other", 499), refusals("made_up_0", 499), refusals("made_up_1", 499)
    metrics.count_refusal("made_up_0", 499)
    metrics.count_refusal("made_up_1", 499)
    assert (refusals("other", 499), refusals("made_up_0", 499)) == (before[0] + 1, before[1] + 1)
    assert refusals("made_up_1", 499) == before[2]
