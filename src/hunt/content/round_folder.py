"""One round: its folder with page, art, style and assets."""

from pathlib import Path

from hunt.content.addresses import round_href
from hunt.content.documents import ASSETS, Links, Shelf, read_document
from hunt.content.file_checks import check_files
from hunt.content.folder import HuntFolder, real_path
from hunt.content.model import ART_FILES, STYLE_FILE, Round, RoundYaml
from hunt.content.near_names import ROUND, warn_of_near_names

_SERVED = {*ART_FILES, STYLE_FILE}
"""What is served of a round's folder beside its assets."""


def read_round(folder: HuntFolder, home: Path | None, round_: RoundYaml, links: Links) -> Round:
    """The whole round; `home` is None where it has no folder."""
    values = {name: getattr(round_, name) for name in RoundYaml.__struct_fields__}
    if home is None:
        return Round(**values)
    address = f"{round_href(round_.slug)}/{ASSETS}"
    beside = {
        name: real_path(path)
        for name, path in folder.children(home).items()
        if name in _SERVED and folder.is_served(path, home)
    }
    assets = folder.files_below(home / "assets") | beside
    check_files(folder, assets)
    warn_of_near_names(folder, home, ROUND)
    shelves = [Shelf(ASSETS, address, assets), Shelf("", address, beside)]
    return Round(**values, html=read_document(folder, home, "round", shelves, links) or "", assets=assets)
