"""Drawing pages and fragments with Jinja. A theme in the hunt folder may replace any template."""

from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from hunt.live.values import Value

TEMPLATES = Path(__file__).parent / "templates"
STATIC = Path(__file__).parent / "static"

FRAGMENT_NAMES = {"activity_log": "activity", "round": "round", "team_info": "team"}
"""What a template calls the value of a dataset, where that is not the dataset's name."""


class _Environment(Environment):
    """Looks into a dictionary first: nearly all values are in one, and Jinja would try for an attribute before."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        if type(obj) is dict and attribute in obj:
            return obj[attribute]
        return super().getattr(obj, attribute)


class Renderer:
    """Draws with the templates of one hunt folder. `reload` looks for changed templates at every use."""

    def __init__(self, content: Path, build: str, *, reload: bool) -> None:
        self._environment = _Environment(
            loader=ChoiceLoader([FileSystemLoader(content / "theme" / "templates"), FileSystemLoader(TEMPLATES)]),
            autoescape=True,
            undefined=StrictUndefined,
            auto_reload=reload,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals["static"] = f"/static/{quote(build)}"

    def fragment(self, dataset: str, value: Value) -> str:
        """The part of a page that shows a dataset; the same on the first load and in every update."""
        name = FRAGMENT_NAMES.get(dataset, dataset)
        return self._environment.get_template(f"fragments/{dataset}.html").render({name: value})

    def page(self, template: str, **values: Any) -> str:
        return self._environment.get_template(template).render(values)


def markup(html: str) -> Markup:
    """What the hunt's authors wrote, to be drawn as it is: they are trusted."""
    return Markup(html)  # noqa: S704 - only ever called with the hunt's own content
