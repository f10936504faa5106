"""A hunt folder that is read again while its hunt is played: what is good is taken over, the rest stays as it was."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from writing import GOOD, PUZZLE, Files, hunt_text, write

from hunt.content import Loaded, load, load_again
from hunt.content.changes import changes

TWO = "{id: p2, slug: two, unlocked_if: []}"
FILES: Files = {
    **PUZZLE,
    "puzzles/two/puzzle.yaml": "title: Two\nanswer: NO\n",
    "puzzles/two/puzzle.md": "Say no.\n",
    "rounds/first/round.md": "The *first*.\n",
    "pages/rules.md": "# Rules\n\nBe kind.\n",
}


class Folder:
    """A folder that is played."""

    def __init__(self, path: Path, *, stubs: bool = False) -> None:
        self.path = write(path, hunt_text(TWO), FILES)
        self.loaded = load(path)
        self.stubs = stubs
        assert self.loaded.problems == ()

    def write(self, files: Files) -> Loaded:
        """The hunt after these files were written."""
        write(self.path, None, files)
        return self.again()

    def again(self) -> Loaded:
        self.loaded = load_again(self.path, self.loaded, stubs=self.stubs)
        return self.loaded


@pytest.fixture(params=[False, True], ids=["without stubs", "with stubs"])
def folder(tmp_path: Path, request: pytest.FixtureRequest) -> Folder:
    return Folder(tmp_path, stubs=request.param)


def errors(loaded: Loaded) -> list[str]:
    return [str(problem) for problem in loaded.errors]


def test_what_is_good_is_taken_over(folder: Folder) -> None:
    before = folder.loaded.hunt
    loaded = folder.write(
        {"puzzles/one/puzzle.yaml": "title: Uno\nanswers: [YES, SI]\n", "pages/about.md": "# About\n"}
    )
    assert loaded.hunt == load(folder.path).hunt
    assert (loaded.kept, loaded.errors) == ((), ())
    assert changes(before, loaded.hunt) == ("puzzle one: title, answers", "page about: added")


BROKEN: dict[str, Files] = {
    "a typo": {"puzzles/one/puzzle.yaml": "title: One\n answer: YES\n"},
    "a tab": {"puzzles/one/puzzle.yaml": "title: One\n\tanswer: YES\n"},
    "no answer": {"puzzles/one/puzzle.yaml": "title: One\n"},
    "a wrong answer among others": {"puzzles/one/puzzle.yaml": "title: One\nanswers: [YES, '!?']\n"},
    "an empty file": {"puzzles/one/puzzle.yaml": ""},
    "no text": {"puzzles/one/puzzle.yaml": "title: One\nanswer: Ü\n".encode("utf-16")},
    "an empty page": {"puzzles/one/puzzle.md": " \n"},
    "a page of another encoding": {"puzzles/one/puzzle.md": "Sag ja, Ämilie!".encode("latin-1")},
    "a missing picture": {"puzzles/one/puzzle.md": "![](assets/nowhere.png)"},
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_puzzle_that_cannot_be_read_stays_and_the_others_move_on(folder: Folder, name: str) -> None:
    before = folder.loaded.hunt
    loaded = folder.write({**BROKEN[name], "puzzles/two/puzzle.yaml": "title: Two\nanswers: [NO, NEIN]\n"})
    assert loaded.hunt.puzzles["one"] == before.puzzles["one"]
    assert loaded.hunt.puzzles["two"].answers == ("NO", "NEIN")
    assert loaded.kept == ("puzzles/one",)
    assert any(line.startswith("puzzles/one: error: teams still have this as it was before") for line in errors(loaded))
    mended = folder.write(PUZZLE)
    assert (mended.kept, mended.problems, mended.hunt.puzzles["one"]) == ((), (), before.puzzles["one"])


def remove(path: str) -> Callable[[Path], None]:
    def gone(folder: Path) -> None:
        target = folder / path
        shutil.rmtree(target) if target.is_dir() else target.unlink()

    return gone


def rename(old: str, new: str) -> Callable[[Path], None]:
    def renamed(folder: Path) -> None:
        (folder / old).rename(folder / new)

    return renamed


@pytest.mark.parametrize(
    "act",
    [
        remove("puzzles"),
        remove("puzzles/one"),
        remove("puzzles/one/puzzle.yaml"),
        remove("puzzles/one/puzzle.md"),
        rename("puzzles/one", "puzzles/uno"),
        rename("puzzles/one/puzzle.yaml", "puzzles/one/puzzle.yaml~"),
        rename("puzzles/one/puzzle.yaml", "puzzles/one/puzzle.yml"),
    ],
)
def test_a_puzzle_whose_files_are_gone_stays(folder: Folder, act: Callable[[Path], None]) -> None:
    before = folder.loaded.hunt
    act(folder.path)
    loaded = folder.again()
    assert loaded.hunt.puzzles == before.puzzles
    assert "puzzles/one" in loaded.kept
    assert loaded.errors


@pytest.mark.parametrize(
    "text",
    [
        "",
        "title: [",
        "title: A Hunt\n",
        "rounds: 3\n",
        hunt_text(TWO).replace("hunt_started}\n    puzzles", "hunt_strated}\n    puzzles"),
        hunt_text(TWO).replace("p2", "p1"),
    ],
)
def test_a_structure_with_errors_stays_and_puzzles_move_on(folder: Folder, text: str) -> None:
    before = folder.loaded.hunt
    loaded = folder.write({"hunt.yaml": text, "puzzles/two/puzzle.md": "Say no, please.\n"})
    assert loaded.hunt.slots == before.slots
    assert loaded.hunt.gates == before.gates
    assert "please" in loaded.hunt.puzzles["two"].html
    assert loaded.kept == ("hunt.yaml",)
    assert "hunt.yaml: error: teams still have this as it was before" in "\n".join(errors(loaded))


def test_a_structure_that_is_gone_stays(folder: Folder) -> None:
    before = folder.loaded.hunt
    (folder.path / "hunt.yaml").unlink()
    assert (folder.again().hunt, folder.loaded.kept) == (before, ("hunt.yaml",))


def test_a_whole_folder_that_is_gone_stays(folder: Folder) -> None:
    before = folder.loaded.hunt
    shutil.rmtree(folder.path)
    assert folder.again().hunt == before
    assert folder.loaded.kept == ("hunt.yaml", "rounds/first", "puzzles/one", "puzzles/two", "pages")


@pytest.mark.parametrize("stubs", [False, True])
def test_a_slug_is_changed_once_its_puzzle_is_there(tmp_path: Path, stubs: bool) -> None:
    folder = Folder(tmp_path, stubs=stubs)
    before = folder.loaded.hunt
    loaded = folder.write({"hunt.yaml": hunt_text(TWO.replace("two", "zwei"))})
    assert loaded.hunt == before
    assert "hunt.yaml:8: error: slot `p2` would be filled with a stub: there is no puzzle `zwei` yet" in errors(loaded)
    (tmp_path / "puzzles/two").rename(tmp_path / "puzzles/zwei")
    loaded = folder.again()
    assert (list(loaded.hunt.puzzles), loaded.problems) == (["one", "zwei"], ())
    assert changes(before, loaded.hunt) == ("round first: slots", "puzzle two: removed", "puzzle zwei: added")


def test_a_new_slot_without_a_puzzle_is_a_stub_only_where_stubs_are_played(folder: Folder) -> None:
    loaded = folder.write({"hunt.yaml": hunt_text(TWO, "{id: p3, slug: three, unlocked_if: []}")})
    assert ("three" in loaded.hunt.puzzles) == folder.stubs
    assert bool(loaded.kept) != folder.stubs
    folder.write({"puzzles/three/puzzle.yaml": "title: T\nanswer: X\n", "puzzles/three/puzzle.md": "x"})
    assert (folder.loaded.hunt.puzzles["three"].answers, folder.loaded.kept) == (("X",), ())


def test_a_slot_that_is_taken_out_takes_its_puzzle_along(folder: Folder) -> None:
    loaded = folder.write({"hunt.yaml": GOOD})
    assert list(loaded.hunt.puzzles) == ["one"]
    assert (loaded.kept, loaded.errors) == ((), ())


def test_a_round_and_a_page_that_cannot_be_read_stay(folder: Folder) -> None:
    before = folder.loaded.hunt
    wrong = "Ämter".encode("latin-1")
    loaded = folder.write({"rounds/first/round.md": wrong, "pages/rules.md": wrong})
    assert (loaded.hunt, loaded.kept) == (before, ("rounds/first", "pages/rules.md"))
    shutil.rmtree(folder.path / "rounds")
    shutil.rmtree(folder.path / "pages")
    assert (folder.again().hunt, loaded.kept[0]) == (before, "rounds/first")
    assert folder.loaded.kept == ("rounds/first", "pages")


def test_a_page_is_removed_by_deleting_its_file(folder: Folder) -> None:
    write(folder.path, None, {"pages/about.md": "# About\n\nUs.\n"})
    folder.again()
    (folder.path / "pages/rules.md").unlink()
    loaded = folder.again()
    assert (list(loaded.hunt.pages), loaded.kept) == (["about"], ())


def test_a_page_that_was_emptied_by_an_editor_stays(folder: Folder) -> None:
    before = folder.loaded.hunt
    assert (folder.write({"pages/rules.md": ""}).hunt, folder.loaded.kept) == (before, ("pages/rules.md",))


def test_what_had_errors_from_the_start_moves_on_with_them(tmp_path: Path) -> None:
    text = hunt_text(head="end: soon\n")
    last = load(write(tmp_path, text, {**PUZZLE, "puzzles/one/puzzle.md": "![](assets/a.png)"}))
    write(tmp_path, text.replace("A Hunt", "Another"), {"puzzles/one/puzzle.md": "![](assets/b.png)"})
    loaded = load_again(tmp_path, last, stubs=True)
    assert loaded.hunt.title == "Another"
    assert "b.png" in loaded.hunt.puzzles["one"].html
    assert loaded.kept == ()


def test_a_stub_takes_no_place_even_of_a_puzzle_with_errors(tmp_path: Path) -> None:
    last = load(write(tmp_path, GOOD, {**PUZZLE, "puzzles/one/puzzle.md": "![](assets/a.png)"}))
    shutil.rmtree(tmp_path / "puzzles")
    loaded = load_again(tmp_path, last, stubs=True)
    assert loaded.hunt == last.hunt
    assert loaded.faulty == last.faulty == {"puzzles/one"}


def test_a_file_that_may_not_be_read_keeps_only_its_own_puzzle(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    read = Path.read_bytes

    def refuse(path: Path) -> bytes:
        if "one" in path.parts:
            raise PermissionError(13, "Permission denied", str(path))
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    loaded = folder.write({"puzzles/two/puzzle.md": "Say no, please.\n"})
    assert "please" in loaded.hunt.puzzles["two"].html
    assert loaded.kept == ("puzzles/one",)
    assert "puzzles/one/puzzle.yaml: error: this file cannot be read: Permission denied" in errors(loaded)
