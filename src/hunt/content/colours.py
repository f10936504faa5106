"""Colours that an author writes, and whether they can be read on our pages by day and by night."""

import re

Colour = tuple[float, float, float]
"""Red, green and blue, 0 to 255."""

GROUNDS: dict[str, Colour] = {"by day": (250, 247, 240), "at night": (22, 20, 17)}
"""What our pages are written on, `--paper` in hunt.css."""

INKS: dict[str, Colour] = {"by day": (33, 30, 26), "at night": (236, 229, 216)}
"""What they are written with, `--ink`."""

READABLE = 2.5
"""Contrast below which hardly anybody reads a text. (WCAG asks for 4.5; what lies between is the author's affair.)"""

ACCENT_SHARE = 0.72
"""Of the accent in `--mark` of hunt.css."""

_HEX = re.compile(r"#([0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})", re.IGNORECASE)
_RGB = re.compile(r"rgba?\(\s*(\d{1,3})\s*[, ]\s*(\d{1,3})\s*[, ]\s*(\d{1,3})\s*\)", re.IGNORECASE)
_NAMES: dict[str, Colour] = {
    "black": (0, 0, 0),
    "white": (255, 255, 255),
    "red": (255, 0, 0),
    "green": (0, 128, 0),
    "blue": (0, 0, 255),
    "navy": (0, 0, 128),
    "yellow": (255, 255, 0),
    "lightyellow": (255, 255, 224),
    "ivory": (255, 255, 240),
    "beige": (245, 245, 220),
    "gray": (128, 128, 128),
    "grey": (128, 128, 128),
    "silver": (192, 192, 192),
    "whitesmoke": (245, 245, 245),
    "lightgray": (211, 211, 211),
    "lightgrey": (211, 211, 211),
    "lightblue": (173, 216, 230),
    "pink": (255, 192, 203),
    "maroon": (128, 0, 0),
    "darkred": (139, 0, 0),
    "darkblue": (0, 0, 139),
    "darkgreen": (0, 100, 0),
    "midnightblue": (25, 25, 112),
}


def colour_of(text: str) -> Colour | None:
    """The colour that a text names; None for one that is not opaque, and for ways to write one that are not read."""
    text = text.strip().lower()
    if found := _HEX.fullmatch(text):
        digits = found[1]
        if len(digits) in (3, 4):
            digits = "".join(2 * digit for digit in digits)
        if digits[6:] not in ("", "ff"):
            return None
        return int(digits[0:2], 16), int(digits[2:4], 16), int(digits[4:6], 16)
    if found := _RGB.fullmatch(text):
        return float(found[1]), float(found[2]), float(found[3])
    return _NAMES.get(text)


def contrast(one: Colour, other: Colour) -> float:
    """From 1 (the same) to 21 (black and white); source: WCAG 2, relative luminance."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def unreadable(colour: Colour, beside: dict[str, Colour]) -> str | None:
    """When a colour cannot be told from those beside it: `by day`, `at night`; None where it always can."""
    return next((when for when, other in beside.items() if contrast(colour, other) < READABLE), None)


def accent_unreadable(colour: Colour) -> str | None:
    """When what our pages write in a hunt's accent cannot be read: they mix it with their ink. None where it can."""
    for when, ink in INKS.items():
        red, green, blue = (
            ACCENT_SHARE * own + (1 - ACCENT_SHARE) * other for own, other in zip(colour, ink, strict=True)
        )
        if contrast((red, green, blue), GROUNDS[when]) < READABLE:
            return when
    return None


def _luminance(colour: Colour) -> float:
    red, green, blue = (_linear(min(part, 255) / 255) for part in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4  # noqa: PLR2004 - constants of sRGB
