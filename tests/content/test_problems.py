from hunt.content import HuntUnreadable, Problem
from hunt.content.problems import MAX_COMPARISONS, Report, Where, quoted


def test_a_problem_prints_as_one_line_with_file_and_line() -> None:
    problem = Problem(level="error", file="hunt.yaml", line=41, place="rounds[0].unlock_if", message="nobody knows")
    assert str(problem) == "hunt.yaml:41: error: nobody knows"


def test_a_problem_of_a_whole_file_prints_without_a_line() -> None:
    assert str(Problem(level="warning", file="puzzles/x", message="unused")) == "puzzles/x: warning: unused"


def test_a_file_name_cannot_write_to_the_terminal() -> None:
    assert "\x1b" not in str(Problem(level="error", file="\x1b[2J\n", message=""))


def test_quoted_texts_are_short_and_harmless() -> None:
    assert quoted("a\x1b[31mb\nc") == "`a\\x1b[31mb\\nc`"
    assert quoted("\ud800") == "`\\ud800`"
    assert len(quoted("x" * 1000)) < 90
    assert quoted("👩‍🚀 ಕಾಬ") == "`👩‍🚀 ಕಾಬ`"


def test_the_nearest_name_is_suggested() -> None:
    report = Report()
    assert report.did_you_mean("hunt_strated", ["mdg01", "hunt_started"]) == "; did you mean `hunt_started`?"
    assert report.did_you_mean("Hunt Started", ["hunt_starter", "hunt_started"]) == "; did you mean `hunt_started`?"
    assert report.did_you_mean("xyz", ["hunt_started"]) == ""


def test_suggestions_stop_when_they_would_take_too_long() -> None:
    report, names = Report(), [f"name_{number}" for number in range(10_000)]
    found = [report.nearest("name_77", names) for _ in range(MAX_COMPARISONS // 10_000 + 1)]
    assert found[0] == "name_77"
    assert found[-1] is None


def test_problems_come_with_the_hunt_file_first_and_by_line() -> None:
    report = Report()
    report.warning(Where("a/puzzle.yaml", 3), "")
    report.error(Where("hunt.yaml", 9), "")
    report.warning(Where("hunt.yaml", 2), "")
    assert [(problem.file, problem.line) for problem in report.in_order()] == [
        ("hunt.yaml", 2),
        ("hunt.yaml", 9),
        ("a/puzzle.yaml", 3),
    ]
    assert [problem.line for problem in HuntUnreadable(report.in_order()).problems] == [9]
