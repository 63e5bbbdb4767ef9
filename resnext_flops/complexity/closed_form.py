"""Closed forms: a figure of a network as a collected polynomial in its free sizes.

    >>> import resnext_flops as rf
    >>> from sympy import symbols
    >>> C, d = symbols("C d", positive=True, integer=True)
    >>> form = rf.resnext(50).closed_form("macs", C=C, d=d)
    >>> form
    451584 C d^2 + 27496448 C d + 479723520
    >>> form.evaluate(C=32, d=4) == rf.resnext(50, cardinality=32, width=4).cost().macs
    True

Eqn. 4 of the ResNeXt paper, C (256 d + 3 * 3 * d * d + d * 256), falls out of the weights of the template block:

    >>> from sympy import factor
    >>> factor(rf.resnext(50).closed_form("weights", scope="block", C=C, d=d).expression)
    C*d*(9*d + 512)
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from resnext_flops.complexity.architecture import letter
from resnext_flops.complexity.figures import figure
from resnext_flops.complexity.formula import ordered, rename, substitute, terms, text
from resnext_flops.complexity.layers import Size
from resnext_flops.complexity.model import Model
from resnext_flops.complexity.reading import Reading
from resnext_flops.errors import InputError

if TYPE_CHECKING:
    import sympy


def closed_form(model: Model, symbols: Mapping[str, Any], name: str = "macs", scope: str = "network") -> "ClosedForm":
    """The closed form of a figure of a model, with SymPy symbols for the free sizes.

    Raises InputError for a size that the network does not have, a figure or scope that does not exist, no free size at
    all, or a value that is no symbol.
    """
    if not symbols:
        raise InputError("a closed form needs a free size; give one, such as d=Symbol('d')")
    for size, symbol in symbols.items():
        if not getattr(symbol, "is_Symbol", False):
            raise InputError(f"{size} is {symbol!r}; it must be a SymPy symbol (replace() sets a size to a number)")
    named = {letter(size): symbol for size, symbol in symbols.items()}
    form = ClosedForm(model.reading(symbols, scope), name, named)
    form.reading.figure(name)
    return form


@dataclass(frozen=True)
class ClosedForm:
    """A figure as a polynomial with whole coefficients in the free sizes. A free resolution is written r0 + 32 k."""

    reading: Reading
    figure: str
    symbols: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def polynomial(self) -> Size:
        """The polynomial: a formula, or a number where the figure depends on none of the free sizes."""
        return self._shown(self.reading.figure(self.figure))

    @cached_property
    def stages(self) -> dict[str, Size]:
        """The polynomial of each stage. They add up to the whole."""
        ledger = self.reading.ledger
        names = dict.fromkeys(entry.path.partition(".")[0] for entry in ledger)
        return {name: self._shown(figure(ledger.stage(name), self.figure)) for name in names}

    @property
    def variables(self) -> tuple[str, ...]:
        """The names that the polynomial is in: those of the symbols, and k for a free resolution."""
        return tuple(self._names.get(name, name) for name in self.reading.variables)

    @property
    def _names(self) -> dict[str, str]:
        return {name: str(symbol) for name, symbol in self.symbols.items() if name != "r"}

    def _shown(self, formula: Size) -> Size:
        return rename(formula, self._names)

    @property
    def coefficients(self) -> dict[tuple[int, ...], int]:
        """Each coefficient by the powers of `variables`, the highest degree first.

        >>> import resnext_flops as rf
        >>> from sympy import Symbol
        >>> rf.resnext(50).closed_form("params", K=Symbol("K")).coefficients
        {(1,): 2049, (0,): 22979904}
        """
        names = self.variables
        return {
            tuple(monomial.count(name) for name in names): coefficient
            for monomial, coefficient in ordered(self.polynomial, names)
        }

    @property
    def expression(self) -> "sympy.Expr":
        """The polynomial as a SymPy expression in the given symbols."""
        return self.express(self.polynomial)

    def express(self, formula: Size) -> "sympy.Expr":
        """A polynomial in `variables`, such as one of `stages`, as a SymPy expression in the given symbols."""
        import sympy

        given = {str(symbol): symbol for size, symbol in self.symbols.items() if size != "r"}
        default = {name: sympy.Symbol(name, integer=True, positive=name != "k" or None) for name in self.variables}
        symbols = {**default, **given}
        return sympy.Add(
            *(
                sympy.Mul(coefficient, *(symbols[name] for name in monomial))
                for monomial, coefficient in terms(formula).items()
            )
        )

    def evaluate(self, **sizes: int) -> int:
        """The figure for numbers: one for each free size, the resolution as r.

        Raises InputError for sizes that are missing or not free, below those for which the polynomial holds, or for a
        resolution that is not r0 + 32 k.

        >>> import resnext_flops as rf
        >>> from sympy import Symbol
        >>> form = rf.resnet(50).closed_form("macs", r=Symbol("r"))
        >>> form, form.evaluate(r=320) == rf.resnet(50, resolution=320).cost().macs
        (83410944 k^2 + 1167753216 k + 4089184256, True)
        """
        reading = self.reading
        if set(sizes) != set(reading.free):
            raise InputError(f"given are {', '.join(sizes) or 'no sizes'}; free are {', '.join(reading.free)}")
        for name, least in reading.least.items():
            if type(sizes[name]) is not int or sizes[name] < least:
                raise InputError(f"{name} is {sizes[name]!r}; it must be a whole number of at least {least}")
        return substitute(reading.figure(self.figure), reading.point(sizes))

    @property
    def holds(self) -> str:
        """For which sizes the polynomial holds, as a sentence.

        >>> import resnext_flops as rf
        >>> from sympy import symbols
        >>> rf.resnet(50).closed_form("macs", **{name: symbols(name) for name in "rK"}).holds
        'It holds for r = 224 + 32 k (32, 64, 96, ...) and for every whole number K of at least 1.'
        """
        parts = []
        if self.reading.resolutions:
            least, period = self.reading.least["r"], self.reading.resolutions.period
            first = ", ".join(str(least + period * step) for step in range(3))
            parts.append(f"for r = {self.reading.resolutions} ({first}, ...)")
        for least in sorted({least for name, least in self.reading.least.items() if name != "r"}):
            names = [self._names.get(name, name) for name, own in self.reading.least.items() if own == least]
            names = [name for name in names if name != "r"]
            parts.append(f"for every whole number {', '.join(names)} of at least {least}")
        return f"It holds {' and '.join(parts)}."

    def __str__(self) -> str:
        return text(self.polynomial, self.variables)

    __repr__ = __str__

    def latex(self, formula: Size | None = None) -> str:
        """The polynomial, or one of `stages`, in LaTeX.

        >>> import resnext_flops as rf
        >>> from sympy import symbols
        >>> print(rf.resnext(50).closed_form("params", **{name: symbols(name) for name in "Cd"}).latex())
        2763 C d^{2} + 146476 C d + 4865320
        """
        import sympy

        return str(sympy.latex(self.express(self.polynomial if formula is None else formula)))

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex()}$"
