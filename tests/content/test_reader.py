"""`hunt.yaml` and `puzzle.yaml` by the structs' fields."""

from pathlib import Path

import pytest
from msgspec import Struct
from writing import PUZZLE, good, hunt_text, load_with, told, why_unreadable, write

from hunt.content import load
from hunt.content.model import PuzzlesSolved, Slot
from hunt.content.problems import Report
from hunt.content.reader import read_struct
from hunt.content.yaml_file import Whereabouts, YamlFile
from hunt.content.yaml_nodes import compose


def read(kind: type[Struct], text: str) -> tuple[Struct | None, list[str]]:
    report = Report()
    node = compose(text)
    assert node is not None
    struct = read_struct(kind, YamlFile("f.yaml", report, Whereabouts()), node, "")
    return struct, [str(problem) for problem in report.problems]


def test_a_mapping_becomes_the_struct() -> None:
    text = "{id: a, slug: b, is_meta: yes, prize: 2, unlock_cost: 3, unlocked_if: {puzzles_solved: 1}}"
    slot = Slot(id="a", slug="b", is_meta=True, prize=2, unlock_cost=3, unlocked_if=PuzzlesSolved(1))
    assert read(Slot, text) == (slot, [])


def test_what_is_left_out_has_its_default() -> None:
    assert read(Slot, "id: a") == (Slot(id="a"), [])


def test_an_unknown_key_is_told_with_the_nearest_one() -> None:
    slot, problems = read(Slot, "id: a\nunlockabel_if: []\n")
    assert slot == Slot(id="a")
    assert problems == ["f.yaml:2: error: unknown key `unlockabel_if`; did you mean `unlockable_if`?"]


def test_an_unknown_key_near_no_other_is_told_with_all_known() -> None:
    _, [problem] = read(Slot, "id: a\nxxxxxx: []\n")
    assert problem.endswith("known here: id, slug, is_meta, prize, unlock_cost, visible_if, unlockable_if, unlocked_if")


def test_a_missing_key_is_told_and_the_rest_is_read() -> None:
    slot, problems = read(Slot, "slug: b")
    assert slot == Slot(id="", slug="b")
    assert problems == ["f.yaml:1: error: `id` is missing"]


def test_a_key_given_twice_is_told_and_the_first_counts() -> None:
    slot, problems = read(Slot, "id: a\nslug: b\nslug: c\n")
    assert slot == Slot(id="a", slug="b")
    assert problems == ["f.yaml:3: error: `slug` stands here twice, first in line 2, which counts"]


def test_every_problem_is_told_in_one_go() -> None:
    _, problems = read(Slot, "{slug: [b], is_meta: 7, prize: -1, unlock_cost: one, visible_if: 3, x: y, ? [z] : 1}")
    assert len(problems) == 8


def test_an_empty_value_is_warned_of() -> None:
    slot, problems = read(Slot, "id: a\nslug: # b\n")
    assert slot == Slot(id="a")
    assert problems == ["f.yaml:2: warning: `slug` has no value (one that begins with # needs quotes)"]


def test_a_value_that_is_null_on_purpose_is_absent() -> None:
    assert read(Slot, "{id: a, slug: null, prize: ~, unlocked_if: null}") == (Slot(id="a"), [])


def test_an_empty_text_that_is_required_is_an_error() -> None:
    assert read(Slot, "id: ''")[1] == ["f.yaml:1: error: `id` is empty"]


def test_a_list_where_a_mapping_belongs_is_an_error() -> None:
    assert read(Slot, "[a]") == (None, ["f.yaml:1: error: must be keys with values like `title: …`, not a list"])


def test_merged_keys_count_and_own_keys_win() -> None:
    text = "slots:\n  - &a {id: a, slug: s, unlock_cost: 2}\n  - {<<: *a, id: b}\n"
    node = compose(text)
    assert node is not None
    file = YamlFile("f.yaml", Report(), Whereabouts())
    found = file.mapping(node, "", ["slots"])
    assert found is not None
    second = found["slots"].node.value[1]
    assert read_struct(Slot, file, second, "") == Slot(id="b", slug="s", unlock_cost=2)
    assert file.report.problems == []


def test_a_problem_knows_its_place(tmp_path: Path) -> None:
    text = hunt_text("{id: p2, unlocked_if: {any_of: [[], {puzzles_solved: x}]}}")
    [problem] = load(write(tmp_path, text, PUZZLE)).errors
    assert problem.place == "rounds[0].puzzles[1].unlocked_if.any_of[1].puzzles_solved"
    assert text.splitlines()[(problem.line or 0) - 1].endswith("{puzzles_solved: x}]}}")


@pytest.mark.parametrize("answer", ["NO", "007", "1e5", "2026-01-01", "NULL", "12:30"])
def test_answers_are_read_as_they_are_written(tmp_path: Path, answer: str) -> None:
    hunt = good(load_with(tmp_path, {"puzzles/one/puzzle.yaml": f"title: One\nanswer: {answer}\n"}))
    assert hunt.puzzles["one"].answers == (answer,)


def test_one_text_will_do_for_a_list_of_one(tmp_path: Path) -> None:
    text = "title: One\nanswers: YES\nauthors: Ann\ncanned_responses: [{guess: no, response: Sure?}]\n"
    puzzle = good(load_with(tmp_path, {"puzzles/one/puzzle.yaml": text})).puzzles["one"]
    assert (puzzle.answers, puzzle.authors, puzzle.canned_responses[0].guess) == (("YES",), ("Ann",), ("NO",))


def test_a_list_of_things_must_be_a_list(tmp_path: Path) -> None:
    loaded = load_with(tmp_path, {"puzzles/one/puzzle.yaml": "title: One\nanswer: YES\nhints: {about: a, text: b}\n"})
    assert told(loaded) == ["puzzles/one/puzzle.yaml:3: error: must be a list, not keys with values"]


def test_items_that_cannot_be_read_are_left_out_of_a_list(tmp_path: Path) -> None:
    text = "title: One\nanswer: YES\nhints: [what?, {about: a, text: b}]\n"
    loaded = load_with(tmp_path, {"puzzles/one/puzzle.yaml": text})
    assert [hint.about for hint in loaded.hunt.puzzles["one"].hints] == ["a"]
    assert [problem.place for problem in loaded.errors] == ["hints[0]"]


def test_ten_thousand_errors_are_all_told_and_soon(tmp_path: Path) -> None:
    slots = [f"{{id: s{n}, unlocked_if: {{gate_satisfied: hunt_strated_{n}}}}}" for n in range(10_000)]
    loaded = load(write(tmp_path, hunt_text(*slots), PUZZLE))
    assert len(loaded.errors) == 10_000
    assert len({problem.line for problem in loaded.errors}) == 10_000


def test_ten_thousand_unknown_keys_are_all_told(tmp_path: Path) -> None:
    lines = "".join(f"kye_{number}: 1\n" for number in range(10_000))
    assert len(why_unreadable(write(tmp_path, lines))) == 10_002
