"""Closed forms: a figure of a network as a collected polynomial in its free sizes.

    >>> import resnext_flops as rf
    >>> form = rf.resnext(50).closed_form("macs", "C", "d")
    >>> form
    451584 C d^2 + 27496448 C d + 479723520
    >>> form(C=32, d=4) == rf.resnext(50, cardinality=32, width=4).cost().macs
    True

Eqn. 4 of the ResNeXt paper, C (256 d + 3 * 3 * d * d + d * 256), falls out of the weights of the template block.
SymPy's symbols may stand for the sizes:

    >>> from sympy import factor, symbols
    >>> C, d = symbols("C d", positive=True, integer=True)
    >>> factor(rf.resnext(50).closed_form("weights", scope="block", C=C, d=d).expression)
    C*d*(9*d + 512)
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from resnext_flops.complexity.figures import estimate_of, is_time, meant
from resnext_flops.complexity.formula import Coefficient, latex, ordered, rename, substitute, terms, text
from resnext_flops.complexity.lattices import Lattice, Span, named_span
from resnext_flops.complexity.layers import Size
from resnext_flops.complexity.reading import Reading
from resnext_flops.errors import InputError

if TYPE_CHECKING:
    import sympy


def closed_form(
    read: Callable[[Mapping[str, Span]], Reading],
    known_as: Callable[[str], str],
    name: str,
    free: Iterable[str],
    symbols: Mapping[str, Any],
) -> "ClosedForm":
    """The closed form of a figure of a model in free sizes, some of which have a symbol or a name to stand for them.

    free: names of sizes, each with the value to start at and the step where these are asked for, as in `r=224:32`.
    read: the model's reading with some sizes free. known_as: the name that the model has for a size.

    Raises InputError for a size that the network does not have, a figure or scope that does not exist, no free size at
    all, or a value that is no symbol.
    """
    asked = dict(map(named_span, free)) | dict.fromkeys(symbols, Span())
    shown = {size: symbols.get(size, size) for size in asked}
    if not shown:
        raise InputError("a closed form needs a free size; give one, such as closed_form('macs', 'd')")
    for size, symbol in symbols.items():
        if not (isinstance(symbol, str) or getattr(symbol, "is_Symbol", False)):
            raise InputError(
                f"{size} is {symbol!r}; it must be a name or a SymPy symbol (replace() sets a size to a number)"
            )
    form = ClosedForm(read(asked), meant(name), {known_as(size): sign for size, sign in shown.items()})
    if len(set(form.variables)) < len(form.variables):
        raise InputError(f"{', '.join(form.variables)} stand for the sizes; give each another name")
    form.pieces()
    return form


@dataclass(frozen=True)
class ClosedForm:
    """A figure as a polynomial in the free sizes, with exact coefficients.

    symbols: what stands for a size in the polynomial, where it is not the size's own name: a name, or a SymPy symbol.
    """

    reading: Reading
    figure: str
    symbols: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def polynomial(self) -> Size:
        """The polynomial: a formula, or a number where the figure depends on none of the free sizes."""
        return self._shown(self.reading.figure(self.figure))

    def special(self) -> list[tuple[dict[str, int], Size]]:
        """The polynomials for the values of sizes at which the figure has others: these values, and the polynomial.

        Only a time has some: a convolution with one group, or with as many as channels, is of a kind of its own.

        >>> import resnext_flops as rf
        >>> from resnext_flops.complexity.figures import time_on
        >>> form = ClosedForm(rf.resnext(50).reading(["C", "d"]), time_on("rtx3090"))
        >>> [where for where, _ in form.special()]
        [{'C': 1}, {'d': 1}, {'C': 1, 'd': 1}]
        """
        found = []
        for at in filter(None, self.reading.cases(self.figure)):
            shown = {self._names.get(name, name): value for name, value in at.items()}
            found.append((shown, self._shown(self.reading.formula(self.figure, at))))
        places = self.variables
        return sorted(found, key=lambda each: (len(each[0]), [places.index(name) for name in each[0]]))

    def pieces(self) -> dict[str, Size]:
        """The polynomials by where they hold, in words: the first whose values are given holds, the last otherwise.

        A figure without special values has one, which has no words.
        """
        special = reversed(self.special())
        found = {_values(where): each for where, each in special}
        return {**found, "otherwise" if found else "": self.polynomial}

    def parts(self, level: str = "stage") -> dict[str, Size]:
        """The polynomial of each stage, or of each `layer`. They add up to the whole."""
        return {name: self._shown(formula) for name, formula in self.reading.parts(self.figure, level).items()}

    @property
    def in_steps(self) -> Size:
        """The polynomial with base + step k in the place of a size that has steps: it may have smaller coefficients.

        >>> import resnext_flops as rf
        >>> form = rf.resnet(50).closed_form("macs", "r")
        >>> form, form.in_steps, form.reading.base
        (81456 r^2 + 2048000, 83410944 k^2 + 1167753216 k + 4089184256, {'r': 224})
        """
        return self._shown(self.reading.in_steps(self.reading.figure(self.figure)))

    @property
    def variables(self) -> tuple[str, ...]:
        """The names that the polynomial is in."""
        return tuple(self._names.get(name, name) for name in self.reading.free)

    @property
    def _names(self) -> dict[str, str]:
        return {name: str(symbol) for name, symbol in self.symbols.items()}

    def _shown(self, formula: Size) -> Size:
        return rename(formula, self._names)

    @property
    def coefficients(self) -> dict[tuple[int, ...], Coefficient]:
        """Each coefficient by the powers of `variables`, the highest degree first.

        >>> import resnext_flops as rf
        >>> rf.resnext(50).closed_form("params", "K").coefficients
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
        """A polynomial, such as one of `parts` or `in_steps`, as a SymPy expression in the given symbols."""
        import sympy

        symbols = {
            name: sympy.Symbol(name, integer=True, positive=name in self.variables or None)
            for name in (*self.variables, *self.reading.variables().values())
        }
        symbols |= {str(symbol): symbol for symbol in self.symbols.values() if not isinstance(symbol, str)}
        return sympy.Add(
            *(
                sympy.Mul(sympy.Rational(coefficient), *(symbols[name] for name in monomial))
                for monomial, coefficient in terms(formula).items()
            )
        )

    def __call__(self, **sizes: int) -> int:
        """The figure for numbers: one for each free size.

        Raises InputError for sizes that are missing or not free, or for which the polynomial does not hold.

        >>> import resnext_flops as rf
        >>> form = rf.resnet(50).closed_form("macs", "resolution")
        >>> form(resolution=320) == rf.resnet(50, resolution=320).cost().macs
        True
        """
        given = {name: value for name, value in sizes.items() if name in self.reading.free}
        # The shown names come first: they may be those of other sizes.
        if set(sizes) == set(self.variables):
            given = {own: sizes[shown] for own, shown in zip(self.reading.free, self.variables, strict=True)}
        if set(given) != set(self.reading.free) or len(sizes) != len(given):
            raise InputError(f"given are {', '.join(sizes) or 'no sizes'}; free are {', '.join(self.variables)}")
        for name, value in given.items():
            self.reading.lattices[name].check(name, value)
        return substitute(self.reading.formula(self.figure, given), given)

    @property
    def holds(self) -> str:
        """For which sizes the polynomial holds, and how it was found, in sentences.

        >>> import resnext_flops as rf
        >>> rf.resnet(50).closed_form("macs", "r", "K").holds
        'It holds for r = 32, 64, 96, ... and for every whole number K of at least 1.'
        """
        alike: dict[Lattice, list[str]] = {}
        for name, lattice in self.reading.lattices.items():
            alike.setdefault(lattice, []).append(self._names.get(name, name))
        steps = sorted(alike, key=lambda lattice: lattice.step == 1)
        phrases = [lattice.of(", ".join(alike[lattice])) for lattice in steps]
        end = "" if phrases[-1].endswith("...") else "."
        others = " or ".join(dict.fromkeys(_values(where) for where, _ in self.special() if len(where) == 1))
        apart = f" For {others} it has formulas of its own." if others else ""
        return f"It holds {' and '.join(phrases)}{end}{apart} {self.evidence}".strip()

    @property
    def evidence(self) -> str:
        """How the polynomial was found, and of a time that it is an estimate; empty where it is derived."""
        if not is_time(self.figure):
            return self.reading.evidence
        estimate = estimate_of(self.figure, self.reading.remarks(self.figure))
        return f"{self.reading.evidence} {estimate} A millisecond has 10^12 femtoseconds.".strip()

    def __str__(self) -> str:
        pieces = self.pieces()
        width = max(map(len, pieces))
        return "\n".join(f"{where:<{width}}  {text(each, self.variables)}".strip() for where, each in pieces.items())

    __repr__ = __str__

    def latex(self, formula: Size | None = None) -> str:
        """The polynomial, or one of `parts`, in LaTeX.

        >>> import resnext_flops as rf
        >>> print(rf.resnext(50).closed_form("params", "C", "d").latex())
        2763 C d^{2} + 146476 C d + 4865320
        """
        return latex(self.polynomial if formula is None else formula, self.variables)

    def _repr_latex_(self) -> str:
        pieces = self.pieces()
        if len(pieces) == 1:
            return f"$\\displaystyle {self.latex()}$"
        cases = " \\\\ ".join(f"{self.latex(each)} & \\text{{{where}}}" for where, each in pieces.items())
        return f"$\\displaystyle \\begin{{cases}} {cases} \\end{{cases}}$"


def _values(where: Mapping[str, int]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in where.items())
