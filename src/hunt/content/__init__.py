"""What the authors wrote: a hunt folder, read and checked."""

from hunt.content.guess_text import canonical, spellings
from hunt.content.loader import load, load_again
from hunt.content.model import Hunt
from hunt.content.problems import HuntUnreadable, Loaded, Problem

__all__ = ["Hunt", "HuntUnreadable", "Loaded", "Problem", "canonical", "load", "load_again", "spellings"]
