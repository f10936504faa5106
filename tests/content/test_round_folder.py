from pathlib import Path

from writing import Files, good, load_with


def test_a_round_has_a_page_art_style_and_assets(tmp_path: Path) -> None:
    files: Files = {
        "rounds/first/round.md": "![](art.svg) ![](assets/map.png)",
        "rounds/first/art.svg": "<svg/>",
        "rounds/first/style.css": "",
        "rounds/first/notes.txt": "a secret",
        "rounds/first/assets/map.png": "a map",
    }
    round_ = good(load_with(tmp_path, files)).round["first"]
    assert sorted(round_.assets) == ["art.svg", "map.png", "style.css"]
    assert (round_.art, round_.style) == ("art.svg", "style.css")
    assert 'src="/rounds/first/assets/art.svg"' in round_.html
    assert 'src="/rounds/first/assets/map.png"' in round_.html
