"""The colours of the explorer can be told apart with any colour vision, light and dark."""

import re
from importlib.resources import files
from itertools import combinations

import pytest

from resnext_flops.explorer.pictures import GLYPHS
from tests.vision import VISION, difference

CSS = (files("resnext_flops.explorer") / "templates" / "page.css").read_text(encoding="utf-8")
LIGHT, DARK = (dict(re.findall(r"(--\w+): (#\w+);", part)) for part in re.findall(r":root \{(.*?)\}", CSS, re.DOTALL))


def in_full(color: str) -> str:
    """#RGB as #RRGGBB."""
    return color if len(color) == 7 else "#" + "".join(2 * digit for digit in color[1:])


@pytest.mark.parametrize("vision", VISION)
@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_what_one_picture_draws_differs_in_colour(palette: dict[str, str], vision: str) -> None:
    # A difference of 2.3 is just noticed (M. Mahy et al., 1994). Every series has a shape of its own besides.
    for name, glyphs in GLYPHS.items():
        drawn = sorted({glyph.colour for glyph in glyphs})
        for one, two in combinations(["--page", *drawn], 2):
            assert difference(in_full(palette[one]), in_full(palette[two]), vision) >= 25, (name, one, two)
