"""What `python -m benchmarks.faults` says of runs, and with which status it ends."""

from collections.abc import Callable
from pathlib import Path

import pytest
from benchmarks.faults import __main__ as command
from benchmarks.faults.evidence import REQUIRED, Evidence, Finding
from benchmarks.faults.model import Summary
from benchmarks.faults.report import Judged
from benchmarks.faults.run import Tell
from benchmarks.faults.schedule import Plan
from faults_evidence import a_run

Call = Callable[..., int]
MET = dict.fromkeys(REQUIRED, 1)


def judged(*, findings: list[Finding] | None = None, met: dict[str, int] = MET) -> Judged:
    evidence = a_run().evidence()
    evidence.events_met = met
    return Judged(evidence=evidence, findings=findings or [], seconds=1.0)


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Call:
    """Calls the command; `runs` is what comes of its runs."""

    def call(*arguments: str, runs: list[Judged | Exception]) -> int:
        left = iter(runs)

        def judge(_plan: Plan, _tell: Tell) -> Judged:
            outcome = next(left)
            if isinstance(outcome, Exception):
                raise outcome
            return outcome

        monkeypatch.setattr(command, "judge", judge)
        monkeypatch.setattr("sys.argv", ["faults", "--save", str(tmp_path), *arguments])
        status = command.main()
        assert next(left, None) is None
        return status

    return call


def test_runs_that_keep_every_promise_and_meet_everything_are_good(call: Call, tmp_path: Path) -> None:
    assert call("--seed", "5", "--runs", "2", runs=[judged(), judged()]) == 0
    assert not list(tmp_path.iterdir())


def test_a_run_that_did_not_meet_everything_is_under_covered_and_not_good(
    call: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("--seed", "5", runs=[judged(met=MET | {"fork": 0})]) == 1
    assert "is under-covered: it never met fork\n" in capsys.readouterr().out


def test_a_run_with_a_finding_is_kept_and_the_command_for_it_told(
    call: Call, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    bad = judged(findings=[Finding(name="lost_entry", text="entry 7 is not in it")])
    assert call("--seed", "5", "--minutes", "1.5", "--runs", "2", runs=[judged(), bad]) == 1
    said = capsys.readouterr().out
    assert "lost_entry: entry 7 is not in it" in said
    assert "again: python -m benchmarks.faults --seed 6 --minutes 1.5\n" in said
    assert f"judged again: python -m benchmarks.faults --check {tmp_path / 'seed-6.json'}\n" in said
    assert Evidence.load(tmp_path / "seed-6.json") == bad.evidence


def test_a_run_that_does_not_end_is_not_good_and_the_next_one_is_made(
    call: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("--seed", "5", "--short", "--runs", "2", runs=[TimeoutError(), judged()]) == 1
    said = capsys.readouterr().out
    assert "seed 5 could not be judged: it did not end\nagain: python -m benchmarks.faults --seed 5 --short\n" in said


def test_a_saved_run_is_judged_again(call: Call, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    judged().evidence.save(tmp_path / "good")
    assert call("--check", str(tmp_path / "good"), runs=[]) == 0
    judged(met={}).evidence.save(tmp_path / "poor")
    assert call("--check", str(tmp_path / "poor"), runs=[]) == 1
    assert "under-covered" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="holds no saved run"):
        call("--check", __file__, runs=[])


@pytest.mark.parametrize(
    ("arguments", "runs", "seeds"),
    [((), 1, command.MODEL_SEEDS), (("--model", "3"), 0, 3), (("--runs", "1", "--model", "3"), 1, 3)],
)
def test_the_long_form_has_thousands_of_seeds_of_the_model_too(
    call: Call, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], runs: int, seeds: int
) -> None:
    asked = list[int]()

    def run_seeds(_first: int, count: int, _progress: object) -> Summary:
        asked.append(count)
        return Summary(seeds=count)

    monkeypatch.setattr("benchmarks.faults.model.run_seeds", run_seeds)
    status = call(*arguments, runs=[judged()] * runs)
    assert asked == [seeds]
    assert status == (1 if seeds == command.MODEL_SEEDS else 0), "so many seeds have to meet everything"
