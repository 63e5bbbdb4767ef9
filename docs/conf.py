"""How the documentation site is built: `make docs`. Nothing is fetched while it is built, or when a page is opened."""

from importlib import import_module
from typing import TYPE_CHECKING

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml

import resnext_flops
from resnext_flops.tables.counted import conventions
from resnext_flops.tables.render import to_markdown

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.writers.html5 import HTML5Translator

project = "resnext-flops"
author = "the authors of resnext-flops"
release = version = resnext_flops.__version__

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx_click"]
exclude_patterns = ["_build", "**/.ipynb_checkpoints"]
html_theme = "furo"
html_title = f"resnext-flops {release}"
html_static_path = ["_static"]
html_css_files = ["wide.css"]
html_math_renderer = "mathml"
html_copy_source = False

# The outputs that are shown are the committed ones; the tests execute the notebooks and compare.
nb_execution_mode = "off"
# A notebook's table is HTML where it has a form in it, and a formula is LaTeX.
myst_enable_extensions = ["dollarmath", "substitution"]
myst_heading_anchors = 3
myst_substitutions = {"conventions": to_markdown(conventions())}

# In docstrings and in click's help, a word between backticks is code.
default_role = "code"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True

# Names of other packages have no page here, and nothing is fetched to find theirs.
nitpick_ignore_regex = [
    (r"py:.*", r"(torch|nn|pandas|numpy|sympy|rich|click|collections|typing|fractions|decimal|pathlib|os)\b.*"),
]
# Written as a text, because the module is loaded only when it is called; and a type variable.
nitpick_ignore = [("py:class", name) for name in ("ClosedForm", "Memory", "resnext_flops.solve.Each")]

# What the package loads only when it is asked for has to be there when its names are listed.
for name in resnext_flops.__all__:
    getattr(import_module("resnext_flops"), name)


def inline_math(translator: "HTML5Translator", node: nodes.math) -> None:
    """A formula in a line as MathML, which a browser shows without a script."""
    translator.body.append(tex2mathml(node.astext()))
    raise nodes.SkipNode


def displayed_math(translator: "HTML5Translator", node: nodes.math_block) -> None:
    """A formula on a line of its own, which scrolls where it is too wide."""
    translator.body.append(f'<div class="math">{tex2mathml(node.astext(), as_block=True)}</div>\n')
    raise nodes.SkipNode


def setup(app: "Sphinx") -> None:
    """Have formulas written as MathML."""
    app.add_html_math_renderer("mathml", (inline_math, None), (displayed_math, None))
