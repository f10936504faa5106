"""The files of a hunt folder, read with care: nothing outside of it, nothing hidden, nothing without end."""

import codecs
import os
from pathlib import Path

from yaml.nodes import Node

from hunt.content.problems import Report, Where, is_showable, quoted
from hunt.content.spelling import caseless, folded
from hunt.content.yaml_file import Whereabouts, YamlFile
from hunt.content.yaml_nodes import YamlBroken, compose

_UTF_16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)

MAX_TEXT_BYTES = 4 * 1024 * 1024
"""The largest YAML, Markdown or HTML file that is read."""


class HuntFolder:
    """A hunt folder, and the report that hears of files which cannot be used."""

    def __init__(self, root: Path, report: Report) -> None:
        self.root = real_path(root)
        self.report = report
        self._seen: set[Path] = set()
        """Folders in which names were compared."""

    def name(self, path: Path) -> str:
        """The path relative to the hunt folder, with forward slashes."""
        return path.relative_to(self.root).as_posix()

    def where(self, path: Path) -> Where:
        return Where(self.name(path))

    def read(self, path: Path) -> str | None:
        """The text of a file; None when it cannot be used, which is reported."""
        try:
            fault = self._fault_of(path)
            data = path.read_bytes() if fault is None else b""
        except OSError as error:
            fault = f"cannot be read: {error.strerror}"
        if fault is None:
            text, fault = decoded(data)
            if text is not None:
                return text
        self.report.error(self.where(path), f"this file {fault}")
        return None

    def glance(self, path: Path) -> str:
        """The text of a served file, to look for mistakes in it; what cannot be read or is too large is empty."""
        try:
            if path.stat().st_size > MAX_TEXT_BYTES:
                return ""
            return path.read_bytes().decode(errors="replace")
        except OSError as error:
            self.report.warning(self.where(path), f"this file cannot be read: {error.strerror}")
            return ""

    def read_yaml(self, path: Path, whereabouts: Whereabouts) -> tuple[YamlFile, Node] | None:
        """A YAML file and its root node; None when there is none, which is reported."""
        text = self.read(path)
        if text is None:
            return None
        try:
            node = compose(text)
        except YamlBroken as broken:
            self.report.error(Where(self.name(path), broken.line), str(broken))
            return None
        if node is None:
            self.report.error(self.where(path), "this file is empty")
            return None
        return YamlFile(self.name(path), self.report, whereabouts, text), node

    def children(self, folder: Path) -> dict[str, Path]:
        """What lies in a folder by name (NFC), sorted, hidden files left out; nothing when there is no folder."""
        if not folder.is_dir() or self._leads_out(folder):
            return {}
        try:
            names = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
        except OSError as error:
            self.report.error(self.where(folder), f"this folder cannot be read: {error.strerror}")
            return {}
        self._warn_of_twins(folder, names)
        return {folded(name): folder / name for name in names if self._has_address(folder, name)}

    def _warn_of_twins(self, folder: Path, names: list[str]) -> None:
        if folder in self._seen:
            return
        self._seen.add(folder)
        first: dict[str, str] = {}
        for name in names:
            other = first.setdefault(caseless(name), name)
            if other != name:
                message = f"{quoted(other)} and {quoted(name)} are one name on many computers: rename one of them"
                self.report.warning(self.where(folder / name), message)

    def files_below(self, folder: Path) -> dict[str, Path]:
        """Every regular file below a folder by its path in it (NFC), but for hidden ones and links that lead out.

        The values are where the files really are, links followed.
        """
        found: dict[str, Path] = {}
        if self._leads_out(folder):
            self.report.warning(self.where(folder), "this link leads out of the hunt folder: nothing in it is served")
            return found
        for parent, folders, _ in os.walk(folder):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for path in self.children(Path(parent)).values():
                if self.is_served(path, folder):
                    found[folded(path.relative_to(folder).as_posix())] = real_path(path)
        return found

    def is_served(self, path: Path, home: Path) -> bool:
        """Whether a path is a regular file that, links followed, lies in the folder `home`."""
        if not path.is_symlink():
            return path.is_file()
        target, home = real_path(path), real_path(home)
        hidden = any(part.startswith(".") for part in target.parts[len(home.parts) :])
        inside = target.is_file() and target.is_relative_to(home) and not hidden
        if not inside:
            self.report.warning(
                self.where(path), "this link does not lead to a file of the same folder: it is not served"
            )
        return inside

    def _has_address(self, folder: Path, name: str) -> bool:
        if is_showable(name):
            return True
        message = f"the file name {quoted(name)} holds characters that no address can: it is left out"
        self.report.warning(self.where(folder), message)
        return False

    def _leads_out(self, path: Path) -> bool:
        return not real_path(path).is_relative_to(self.root)

    def _fault_of(self, path: Path) -> str | None:
        if self._leads_out(path):
            return "is a link that leads out of the hunt folder"
        if not path.is_file():
            return "is not a regular file"
        if path.stat().st_size > MAX_TEXT_BYTES:
            return f"is larger than {MAX_TEXT_BYTES // 1024} KiB"
        return None


def decoded(data: bytes) -> tuple[str | None, str]:
    """The text of a file with plain line ends, or None and what is wrong with it, as the end of a sentence."""
    if data.startswith(_UTF_16_MARKS):
        return None, "is saved as UTF-16 (“Unicode” in some programs): save it as UTF-8"
    if b"\0" in data:
        return None, "is no text, or is saved as UTF-16: it holds zero bytes"
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return None, f"is not saved as UTF-8 (see line {line}): choose UTF-8 where the program asks for an encoding"
    return text.replace("\r\n", "\n").replace("\r", "\n"), ""


def real_path(path: Path) -> Path:
    """The path with every link followed; links that go round in circles are left as they are."""
    return Path(os.path.realpath(path))
