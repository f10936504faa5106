"""Drawing pages and fragments with Jinja. A theme in the hunt folder may replace any template.

The theme's authors are not the server's operators, so their templates run in Jinja's sandbox: they see what they are
given and reach nothing else. Ours then run there too, since each may extend the other; without a theme they run
outside, which costs a tenth less.
"""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import structlog
from jinja2 import (
    BaseLoader,
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    StrictUndefined,
    TemplateError,
    TemplateNotFound,
)
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from hunt.live.values import Value

TEMPLATES = Path(__file__).parent / "templates"
STATIC = Path(__file__).parent / "static"

FRAGMENT_NAMES = {"activity_log": "activity", "round": "round", "team_info": "team"}
"""What a template calls the value of a dataset, where that is not the dataset's name."""

logger = structlog.get_logger()

MILLIS_LENGTH = len("2026-01-16T17:00:00.000")


class _DictionaryFirst:
    """Looks into a dictionary first: nearly all values are in one, and Jinja would try for an attribute before."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        if type(obj) is dict and attribute in obj:
            return obj[attribute]
        return super().getattr(obj, attribute)  # type: ignore[misc] # of the environment that this is mixed into


class _Environment(_DictionaryFirst, Environment):
    pass


class _Sandbox(_DictionaryFirst, ImmutableSandboxedEnvironment):
    pass


class _ThemeLoader(FileSystemLoader):
    """The theme's templates. What a link leads to is none of them."""

    def __init__(self, content: Path) -> None:
        self.folder = Path(os.path.realpath(content)) / "theme" / "templates"
        super().__init__(self.folder)

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        source, filename, is_fresh = super().get_source(environment, template)
        if os.path.realpath(filename) != os.path.normpath(self.folder / template):
            raise TemplateNotFound(template)
        return source, filename, is_fresh


ARTICLES = {
    "the",
    "a",
    "an",
    "der",
    "die",
    "das",
    "ein",
    "eine",
    "le",
    "la",
    "les",
    "el",
    "los",
    "las",
    "il",
    "lo",
    "de",
    "het",
}
"""Words that say nothing of a title."""


def initial(title: str) -> str:
    """The letter that stands for a title without a picture: of its first word that is no article."""
    words: list[str] = re.findall(r"\w+", title) or [title]
    return next((word for word in words if word.lower() not in ARTICLES), words[0])[:1].upper()


def _modules_of(script: str) -> list[str]:
    """What a module of ours imports, directly or not, so that a browser can fetch all of it at once."""
    found: dict[str, None] = {}
    waiting = [script]
    while waiting:
        folder, text = (STATIC / waiting[0]).parent, (STATIC / waiting.pop(0)).read_text("utf-8")
        for name in re.findall(r"""^import [^;]*?["'](\./[^"']+)["'];""", text, re.MULTILINE):
            path = (folder / name).resolve().relative_to(STATIC.resolve()).as_posix()
            if path not in found:
                found[path] = None
                waiting.append(path)
    return list(found)


class Renderer:
    """Draws with the templates of one hunt folder. `reload` looks for changed templates at every use."""

    def __init__(self, content: Path, build: str, *, reload: bool) -> None:
        self._content = content
        self._globals = {
            "static": f"/static/{quote(build)}",
            "modules": _modules_of("page.js"),
            "public_modules": _modules_of("public.js"),
        }
        self._reload = reload
        self._loader = FileSystemLoader(TEMPLATES)
        self._own = self._environment(_Environment, self._loader, reload=reload)
        self.read_theme()

    def read_theme(self) -> None:
        """Take the theme's templates as they are now."""
        theme = _ThemeLoader(self._content)
        self._themed = self._own
        if self._reload or theme.folder.is_dir():
            self._themed = self._environment(_Sandbox, ChoiceLoader([theme, self._loader]), reload=self._reload)

    def _environment(self, kind: type[Environment], loader: BaseLoader, *, reload: bool) -> Environment:
        environment = kind(
            loader=loader,
            autoescape=True,
            undefined=StrictUndefined,
            auto_reload=reload,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.filters["millis"] = millis
        environment.globals.update(self._globals)
        environment.filters["initial"] = initial
        return environment

    def fragment(self, dataset: str, value: Value) -> str:
        """The part of a page that shows a dataset; the same on the first load and in every update."""
        name = FRAGMENT_NAMES.get(dataset, dataset)
        return self.page(f"fragments/{dataset}.html", **{name: value})

    def page(self, template: str, **values: Any) -> str:
        """The whole page. Where the theme's template fails, that is logged, and ours draws the page."""
        try:
            return self._themed.get_template(template).render(values)
        except TemplateError:
            if self._themed is self._own:
                raise
            logger.exception("theme_template_failed", template=template)
            return self._own.get_template(template).render(values)


def millis(stamp: str | None) -> str:
    """A time as pages write it, in milliseconds: HTML knows nothing finer. Empty where there is none."""
    return f"{stamp[:MILLIS_LENGTH]}Z" if stamp else ""


def markup(html: str) -> Markup:
    """What the hunt's authors wrote, to be drawn as it is: they are trusted."""
    return Markup(html)  # noqa: S704 - only ever called with the hunt's own content
