import shutil
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from writing import GOOD, PUZZLE, Files, good, hunt_text, load_with, told, why_unreadable, write

from hunt.content import HuntUnreadable, load
from hunts import write_stub_hunt

DEMO = Path(__file__).parents[2] / "fixtures/demo"
REAL = Path(__file__).parents[3] / "shared/hunts/mh2025"


def test_a_good_hunt_has_no_problems(tmp_path: Path) -> None:
    hunt = good(load_with(tmp_path, {}))
    assert hunt.root == tmp_path
    assert list(hunt.puzzles) == ["one"]
    assert hunt.round_of["one"].slug == "first"


def test_the_demo_hunt_has_no_problems() -> None:
    assert len(good(load(DEMO)).puzzles) > 10


def test_a_hunt_of_200_written_puzzles_loads(tmp_path: Path) -> None:
    written = sorted((DEMO / "puzzles").iterdir())
    slots = [f"{{id: q{number}, slug: s{number}, unlocked_if: []}}" for number in range(200)]
    write(tmp_path, hunt_text(*slots), PUZZLE)
    for number in range(200):
        shutil.copytree(written[number % len(written)], tmp_path / f"puzzles/s{number}")
    loaded = load(tmp_path)
    assert not any(puzzle.is_stub for puzzle in loaded.hunt.puzzles.values())


def test_the_same_folder_gives_the_same_version_and_a_change_another(tmp_path: Path) -> None:
    before = load_with(tmp_path, {}).hunt.version
    assert load_with(tmp_path, {}).hunt.version == before
    assert load_with(tmp_path, {"pages/rules.md": "x"}).hunt.version != before


def test_the_version_does_not_depend_on_where_the_folder_lies(tmp_path: Path) -> None:
    files: Files = {"puzzles/one/assets/a.svg": "<svg/>"}
    here, there = (load_with(tmp_path / name, files).hunt.version for name in ("here", "there"))
    assert here == there
    assert load_with(tmp_path / "here", {"puzzles/one/assets/b.svg": "<svg/>"}).hunt.version != here


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        (None, ["hunt.yaml: error: there is no such file in {folder}, so there is no hunt in it"]),
        ("", ["hunt.yaml: error: this file is empty"]),
        ("# nothing\n", ["hunt.yaml: error: this file is empty"]),
        ("a hunt", ["hunt.yaml:1: error: must be keys with values like `title: …`, not `a hunt`"]),
        ("[]", ["hunt.yaml:1: error: must be keys with values like `title: …`, not a list"]),
        ("title: A", ["hunt.yaml:1: error: `rounds` is missing"]),
        ("{}", ["hunt.yaml:1: error: `title` is missing", "hunt.yaml:1: error: `rounds` is missing"]),
        ("title: A\nrounds: []", ["hunt.yaml:2: error: there is no round that could be played"]),
        (
            "title: A\nrounds: first",
            [
                "hunt.yaml:2: error: must be a list, not `first`",
                "hunt.yaml:2: error: there is no round that could be played",
            ],
        ),
        (GOOD.replace("A Hunt", "''"), ["hunt.yaml:1: error: `title` is empty"]),
        (GOOD.replace("A Hunt", "[A]"), ["hunt.yaml:1: error: must be a text, not a list"]),
        ("title: 'A", ["hunt.yaml:1: error: a quote is opened here and never closed"]),
    ],
)
def test_a_folder_without_a_hunt_says_why(tmp_path: Path, text: str | None, problems: list[str]) -> None:
    write(tmp_path, text)
    assert why_unreadable(tmp_path) == [problem.format(folder=tmp_path) for problem in problems]


def test_a_folder_that_does_not_exist_is_one_sentence(tmp_path: Path) -> None:
    assert why_unreadable(tmp_path / "nowhere") == [f"{tmp_path}/nowhere: error: there is no such folder"]
    (tmp_path / "file").write_text("x")
    assert why_unreadable(tmp_path / "file") == [f"{tmp_path}/file: error: there is no such folder"]


def test_the_exception_reads_as_its_problems(tmp_path: Path) -> None:
    with pytest.raises(HuntUnreadable, match=r"`title` is missing\n.*`rounds` is missing"):
        load(write(tmp_path, "{}"))


def test_folders_that_nothing_uses_are_warned_of_with_the_nearest_slug(tmp_path: Path) -> None:
    files: Files = {
        "puzzles/oen/puzzle.yaml": "",
        "rounds/frist/round.md": "",
        "puzzles/README.md": "",
    }
    loaded = load(write(tmp_path, GOOD, files))
    assert told(loaded)[1:] == [
        "puzzles/oen: warning: no slot uses this folder; did you mean `one`?",
        "rounds/frist: warning: no round uses this folder; did you mean `first`?",
    ]


def test_a_folder_that_nearly_has_the_right_name_is_warned_of(tmp_path: Path) -> None:
    loaded = load_with(tmp_path, {"puzzels/x": "", "drafts/y": ""})
    assert told(loaded) == ["puzzels: warning: nothing reads this folder; did you mean `puzzles`?"]


def test_a_theme_is_a_folder(tmp_path: Path) -> None:
    assert told(load_with(tmp_path, {"theme": "x"})) == ["theme: error: `theme` must be a folder"]


def test_a_theme_folder_is_fine(tmp_path: Path) -> None:
    assert told(load_with(tmp_path, {"theme/style.css": ""})) == []


def test_a_stub_hunt_of_full_size_has_nothing_but_stubs_to_warn_of(tmp_path: Path) -> None:
    loaded = load(write_stub_hunt(tmp_path))
    hunt = loaded.hunt
    assert loaded.errors == ()
    assert all("is filled with a stub" in line for line in told(loaded))
    assert (len(hunt.rounds), len(hunt.slots), len(hunt.gates), len(hunt.interactions)) == (7, 171, 46, 12)
    assert all(puzzle.is_stub and puzzle.answers == ("ANSWER",) for puzzle in hunt.puzzles.values())
    assert hunt.rounds[-1].puzzles == ()


@pytest.mark.parametrize(
    ("rounds", "slots", "gates", "interactions"), [(2, 4, 1, 2), (3, 30, 5, 3), (20, 400, 100, 40)]
)
def test_stub_hunts_of_other_sizes_are_sound_too(
    tmp_path: Path, rounds: int, slots: int, gates: int, interactions: int
) -> None:
    for seed in range(5):
        size = {"rounds": rounds, "slots": slots, "gates": gates, "interactions": interactions}
        loaded = load(write_stub_hunt(tmp_path, **size, seed=seed))
        assert all("is filled with a stub" in line for line in told(loaded))
        assert (len(loaded.hunt.slots), len(loaded.hunt.gates)) == (slots, gates)


def test_a_stub_hunt_is_the_same_for_the_same_seed(tmp_path: Path) -> None:
    texts = [
        (write_stub_hunt(tmp_path / str(at), seed=seed) / "hunt.yaml").read_text() for at, seed in enumerate((1, 1, 2))
    ]
    assert texts[0] == texts[1] != texts[2]


if REAL.is_dir():

    def test_a_real_hunt_has_one_error_and_its_stubs() -> None:
        loaded = load(REAL)
        [problem] = loaded.errors
        assert str(problem) == (
            "hunt.yaml:137: error: `slot_solved: songs_on_the_radio`: no slot has this id, "
            "it is a puzzle's slug; did you mean its slot `mdp03`?"
        )
        assert all("is filled with a stub" in problem.message for problem in loaded.warnings)
        hunt = loaded.hunt
        assert (len(hunt.rounds), len(hunt.slots), len(hunt.gates)) == (7, 171, 46)
        assert hunt.slots["mdp19"].slug == "🔎🧊"
        assert hunt.slots["mdp12"].slug == "mdp12"


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_damage_to_a_hunt_is_told_and_never_a_crash(tmp_path: Path, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(["hunt.yaml", "puzzles/one/puzzle.yaml", "puzzles/one/puzzle.md", "pages/a.md"]))
    text = str({"hunt.yaml": GOOD, "pages/a.md": "# A\n", **PUZZLE}[name])
    start, end = sorted(data.draw(st.tuples(*[st.integers(0, len(text))] * 2)))
    piece = data.draw(
        st.text(max_size=10) | st.sampled_from([": ", "[", "{", "- ", "&a ", "*a", "!!x ", "<<: ", "'", "\t"])
    )
    write(
        tmp_path,
        GOOD,
        {**PUZZLE, "pages/a.md": "# A\n", name: (text[:start] + piece + text[end:]).encode(errors="replace")},
    )
    with suppress(HuntUnreadable):
        loaded = load(tmp_path)
        assert loaded.hunt.puzzles.keys() == loaded.hunt.slot_of.keys()
        assert all("\n" not in line for line in told(loaded))
