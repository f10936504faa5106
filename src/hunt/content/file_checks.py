"""What authors' stylesheets and HTML files ask for that browsers do not give them here."""

from pathlib import Path

from hunt.content.folder import HuntFolder
from hunt.content.problems import Where, line_in, quoted
from hunt.content.style_sheets import faults
from hunt.content.tags import inert_parts

HTML = {".html", ".htm", ".xhtml"}


def check_files(folder: HuntFolder, files: dict[str, Path]) -> None:
    """Warns of what stays without effect in the stylesheets and HTML pages among the files of a puzzle or a round."""
    for path in files.values():
        if path.suffix.lower() == ".css":
            for line, sentence in faults(folder.glance(path)):
                folder.report.warning(Where(folder.name(path), line), sentence)
        elif path.suffix.lower() in HTML:
            text = folder.glance(path)
            for sentence, tag in inert_parts(text, inline=True):
                folder.report.warning(Where(folder.name(path), line_in(text, tag)), f"{quoted(tag)}: {sentence}")
