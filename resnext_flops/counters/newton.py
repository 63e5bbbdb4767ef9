"""Newton's differences: the polynomial through exact values, its degree found by differences that vanish.

Values are taken at whole numbers x of each variable: the nodes 0, 2, 4, ... The odd numbers between them are left for
tests, so that a polynomial which holds for every other value alone is found out. In several variables the nodes are not
the whole grid: one is added only where all differences before it are not zero. (Gerstner and Griebel, "Dimension-
Adaptive Tensor-Product Quadrature", 2003, choose the points of a sparse grid so.)
"""

from collections.abc import Callable, Mapping
from fractions import Fraction
from math import prod
from typing import TypeAlias

# Which node of each variable.
Index: TypeAlias = tuple[int, ...]
# The x of each variable.
Point: TypeAlias = tuple[int, ...]

HIGHEST_DEGREE = 6
SPACING = 2


class NoPolynomialError(ArithmeticError):
    """Values whose differences do not vanish. variable: the place of the variable along which they do not."""

    def __init__(self, variable: int) -> None:
        super().__init__(f"no polynomial of degree {HIGHEST_DEGREE} or less goes through the counts")
        self.variable = variable


class Polynomial:
    """A polynomial in Newton's form: the difference of each node.

    >>> half = Polynomial.through(lambda point: point[0] * (point[0] + 1) // 2, 1)
    >>> half.at((101,)) == 101 * 102 // 2, half.degrees
    (True, (2,))
    """

    def __init__(self, differences: Mapping[Index, Fraction]) -> None:
        """From the differences of all nodes that were looked at."""
        self.nodes = tuple(differences)
        self.differences = {index: value for index, value in differences.items() if value}

    @classmethod
    def through(cls, value: Callable[[Point], int], variables: int, patience: int = 1) -> "Polynomial":
        """The polynomial through values at nodes, which are chosen one after the other.

        value: the exact value at a point. It is called once for each node.
        patience: so many differences in a row must vanish along a variable.

        Raises NoPolynomialError where they do not vanish up to the highest degree.
        """
        origin = (0,) * variables
        found = cls({})
        known: dict[Index, Fraction] = {}
        waiting = [origin]
        while waiting:
            index = min(waiting, key=sum)
            waiting.remove(index)
            point = tuple(SPACING * place for place in index)
            known[index] = difference = (value(point) - found.at(point)) / _basis(index, point)
            found = cls(known)
            for place in range(variables):
                if difference and index[place] > HIGHEST_DEGREE:
                    raise NoPolynomialError(place)
            waiting += [after for after in _after(index) if _allowed(after, known, patience)]
        return found

    def at(self, point: Point) -> Fraction:
        """The value at a point."""
        return sum((value * _basis(index, point) for index, value in self.differences.items()), Fraction(0))

    @property
    def degrees(self) -> Index:
        """The degree in each variable."""
        return tuple(max(column) for column in zip(*self.differences, strict=True)) if self.differences else ()


def _basis(index: Index, point: Point) -> int:
    return prod(x - SPACING * before for node, x in zip(index, point, strict=True) for before in range(node))


def _after(index: Index) -> list[Index]:
    return [(*index[:place], node + 1, *index[place + 1 :]) for place, node in enumerate(index)]


def _allowed(index: Index, known: Mapping[Index, Fraction], patience: int) -> bool:
    """Whether a node is to be looked at: in each variable one of the nodes just before it has a difference."""
    for place, node in enumerate(index):
        before = [(*index[:place], node - back, *index[place + 1 :]) for back in range(1, patience + 1) if node >= back]
        if before and before[0] not in known:
            return False
        if before and before[-1] != (0,) * len(index) and not any(known[other] for other in before):
            return False
    return True
