"""What is read and served of a folder that is not what it should be."""

import os
from pathlib import Path

import pytest
from writing import GOOD, PUZZLE, Files, good, load_with, told, why_unreadable, write

from hunt.content import load
from hunt.content.folder import MAX_TEXT_BYTES

SECRET = "top secret"


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    path = tmp_path / "outside"
    path.mkdir()
    (path / "secret.md").write_text(SECRET)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path / "hunt", GOOD, {**PUZZLE, "puzzles/one/assets/a.svg": "<svg/>"})


def test_assets_are_files_by_their_path_below_the_folder(folder: Path) -> None:
    write(folder, None, {"puzzles/one/assets/img/b.svg": "<svg/>"})
    assets = good(load(folder)).puzzles["one"].assets
    assert list(assets) == ["a.svg", "img/b.svg"]
    assert assets["img/b.svg"].read_text() == "<svg/>"


def test_hidden_files_are_no_assets(folder: Path) -> None:
    hidden = {
        "puzzles/one/assets/.git/config": "x",
        "puzzles/one/assets/.DS_Store": "x",
        "puzzles/.x/y": "",
        ".git/z": "",
    }
    write(folder, None, {**hidden})
    assert list(good(load(folder)).puzzles["one"].assets) == ["a.svg"]


def test_links_out_of_the_assets_are_not_served(folder: Path, outside: Path) -> None:
    write(folder, None, {"puzzles/one/solution/index.md": SECRET})
    assets = folder / "puzzles/one/assets"
    (assets / "out.md").symlink_to(outside / "secret.md")
    (assets / "solution.md").symlink_to("../solution/index.md")
    (assets / "deep").symlink_to(outside)
    (assets / "round").symlink_to("round")
    (assets / "nowhere").symlink_to("gone")
    loaded = load(folder)
    assert list(loaded.hunt.puzzles["one"].assets) == ["a.svg"]
    assert [problem.file.rsplit("/", 1)[1] for problem in loaded.warnings] == [
        "deep",
        "nowhere",
        "out.md",
        "round",
        "solution.md",
    ]


def test_a_link_within_the_assets_is_served(folder: Path) -> None:
    (folder / "puzzles/one/assets/b.svg").symlink_to("a.svg")
    assert list(good(load(folder)).puzzles["one"].assets) == ["a.svg", "b.svg"]


def test_a_link_to_a_hidden_file_is_not_served(folder: Path) -> None:
    write(folder, None, {"puzzles/one/assets/.env": SECRET})
    (folder / "puzzles/one/assets/b").symlink_to(".env")
    assert list(load(folder).hunt.puzzles["one"].assets) == ["a.svg"]


def test_asset_folders_that_are_links_out_are_not_served(folder: Path, outside: Path) -> None:
    (folder / "puzzles/one/solution").symlink_to(outside)
    loaded = load(folder)
    assert loaded.hunt.puzzles["one"].solution_assets == {}
    assert told(loaded) == [
        "puzzles/one/solution: warning: this link leads out of the hunt folder: nothing in it is served"
    ]


def test_a_page_that_is_a_link_out_is_not_read(folder: Path, outside: Path) -> None:
    (folder / "puzzles/one/puzzle.md").unlink()
    (folder / "puzzles/one/puzzle.md").symlink_to(outside / "secret.md")
    loaded = load(folder)
    assert SECRET not in loaded.hunt.puzzles["one"].html
    assert loaded.errors[0].message == "this file is a link that leads out of the hunt folder"


def test_a_puzzle_folder_that_is_a_link_out_is_not_read(tmp_path: Path, outside: Path) -> None:
    write(outside, None, {"puzzle.yaml": f"title: {SECRET}\nanswer: A", "puzzle.md": SECRET, "assets/x": SECRET})
    folder = write(tmp_path / "hunt", GOOD, {"puzzles/x": ""})
    (folder / "puzzles/one").symlink_to(outside)
    puzzle = load(folder).hunt.puzzles["one"]
    assert (puzzle.title, puzzle.assets, puzzle.is_stub) == ("One", {}, True)


def test_the_hunt_folder_itself_may_be_a_link(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(folder)
    assert "a.svg" in good(load(tmp_path / "link")).puzzles["one"].assets


def test_a_pipe_is_neither_read_nor_served(folder: Path) -> None:
    (folder / "puzzles/one/puzzle.md").unlink()
    os.mkfifo(folder / "puzzles/one/puzzle.md")
    os.mkfifo(folder / "puzzles/one/assets/pipe")
    loaded = load(folder)
    assert [problem.message for problem in loaded.errors] == ["this file is not a regular file"]
    assert list(loaded.hunt.puzzles["one"].assets) == ["a.svg"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\x89PNG\r\n\0\x1a\n\xff\xfe", "is no text, or is saved as UTF-16: it holds zero bytes"),
        (
            "title: A\n\nauthors: Über".encode("latin-1"),
            "is not saved as UTF-8 (see line 3): choose UTF-8 where the program asks for an encoding",
        ),
        (b"title: a\0b", "is no text, or is saved as UTF-16: it holds zero bytes"),
        ("title: One".encode("utf-16-be"), "is no text, or is saved as UTF-16: it holds zero bytes"),
        ("title: One".encode("utf-16"), "is saved as UTF-16 (“Unicode” in some programs): save it as UTF-8"),
        (b"# " + b"x" * MAX_TEXT_BYTES, "is larger than 4096 KiB"),
    ],
)
@pytest.mark.parametrize("name", ["puzzles/one/puzzle.yaml", "puzzles/one/puzzle.md"])
def test_a_file_that_is_no_text_is_an_error(folder: Path, name: str, content: bytes, words: str) -> None:
    write(folder, None, {name: content})
    loaded = load(folder)
    assert [str(problem) for problem in loaded.errors] == [f"{name}: error: this file {words}"]
    assert loaded.hunt.puzzles["one"].is_stub


def test_a_hunt_file_that_is_no_text_is_no_hunt(folder: Path) -> None:
    write(folder, None, {"hunt.yaml": os.urandom(1000) + b"\xff"})
    [message] = why_unreadable(folder)
    assert message.startswith("hunt.yaml: error: this file is no")


def test_files_from_other_systems_are_read(tmp_path: Path) -> None:
    files: Files = {
        "puzzles/one/puzzle.yaml": b"\xef\xbb\xbftitle: One\r\nanswer: YES\r\n",
        "puzzles/one/puzzle.html": b"\xef\xbb\xbf<p>a</p>\r\n",
    }
    (tmp_path / "puzzles/one").mkdir(parents=True)
    loaded = load_with(tmp_path, files)
    assert loaded.errors == ()
    assert loaded.hunt.puzzles["one"].html == "<p>a</p>\n"


def test_a_file_name_that_is_no_text_is_left_out(folder: Path) -> None:
    (Path(os.fsdecode(os.fsencode(folder / "puzzles/one/assets") + b"/\xff.png"))).write_text("x")
    (folder / "puzzles/one/assets/a\nb.png").write_text("x")
    loaded = load(folder)
    assert list(loaded.hunt.puzzles["one"].assets) == ["a.svg"]
    assert [problem.message for problem in loaded.warnings] == [
        "the file name `a\\nb.png` holds characters that no address can: it is left out",
        "the file name `\\udcff.png` holds characters that no address can: it is left out",
    ]


@pytest.mark.parametrize("slug", ["caf\u00e9", "cafe\u0301"])
@pytest.mark.parametrize("name", ["caf\u00e9", "cafe\u0301"])
def test_a_folder_is_found_in_either_spelling_of_its_slug(tmp_path: Path, slug: str, name: str) -> None:
    hunt = (
        f"title: A\nrounds: [{{slug: r, title: R, unlock_if: [], puzzles: [{{id: p, slug: {slug}, unlocked_if: []}}]}}]"
    )
    files: Files = {
        f"puzzles/{name}/puzzle.yaml": "title: One\nanswer: A",
        f"puzzles/{name}/puzzle.md": "x",
    }
    puzzle = good(load(write(tmp_path, hunt, files))).puzzles[slug]
    assert (puzzle.slug, puzzle.is_stub) == (slug, False)


def test_a_folder_that_cannot_be_entered_is_one_sentence(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", "hunt.yaml")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert why_unreadable(folder) == ["hunt.yaml: error: this file cannot be read: Permission denied"]
