"""Decimal numbers with a unit, read exactly."""

import re
from decimal import Decimal, InvalidOperation
from fractions import Fraction

# A number with more digits than this is no figure of a network, and takes long to write out.
MOST_DIGITS = 60
# The power of ten, and the power of two, of each unit.
POWERS = {"k": 3, "M": 6, "G": 9, "T": 12}
BINARY_POWERS = {"Ki": 10, "Mi": 20, "Gi": 30}
UNITS = (*POWERS, *BINARY_POWERS)
# Times are whole numbers of femtoseconds: so many are a second, and a millisecond.
FEMTOSECONDS, MILLISECOND = 10**15, 10**12

_DIGITS = "[0-9]+(?:_[0-9]+)*"
# A number without a sign: its digits, an exponent or none, and directly behind them a unit or none.
NUMBER = rf"(?:{_DIGITS}(?:\.(?:{_DIGITS})?)?|\.{_DIGITS})(?:[eE][+-]?[0-9]+)?(?:{'|'.join(UNITS)})?"


def fraction(text: str) -> Fraction:
    """A decimal number such as `4.2e9`, or `4.2G` with a unit: k, M, G, T (of 1000) or Ki, Mi, Gi (of 1024), exactly.

    Raises ValueError for a text that is no number, or has far too many digits.

    >>> fraction("4.2e9"), fraction("4.2G"), fraction("0.25"), fraction("3Ki")
    (Fraction(4200000000, 1), Fraction(4200000000, 1), Fraction(1, 4), Fraction(3072, 1))
    """
    text = text.strip()
    power = BINARY_POWERS.get(text[-2:], 0)
    return Fraction(decimal(text[:-2] if power else text)) * (1 << power)


def whole(figure: float | Fraction) -> int:
    """A figure that a library keeps in a float, as the integer that it is. Raises ValueError if it is not whole.

    >>> whole(4.0)
    4
    """
    if int(figure) != figure:
        raise ValueError(f"{figure} is not a whole number")
    return int(figure)


def grouped(text: str) -> str:
    """A text with commas in its whole numbers.

    >>> grouped("396000000 <= macs and d <= 0.00125")
    '396,000,000 <= macs and d <= 0.00125'
    """
    return re.sub(r"(?<![\w.])\d{4,}(?![\w.])", lambda found: f"{int(found[0]):,}", text)


def decimal(text: str) -> Decimal:
    """A decimal number that keeps its last digit. It has a unit of 1000 or none.

    Raises ValueError as `fraction` does.

    >>> decimal("4.10G"), decimal("4.1G")
    (Decimal('4.10E+9'), Decimal('4.1E+9'))
    """
    if not re.fullmatch(rf"[+-]?{NUMBER}", text) or text[-2:] in BINARY_POWERS:
        raise ValueError(f"{text!r} is no number")
    power = POWERS.get(text[-1], 0)
    try:
        number = Decimal(text[:-1] if power else text)
    except InvalidOperation:  # its exponent has too many digits
        number = Decimal("inf")
    sign, digits, exponent = number.as_tuple()
    if not isinstance(exponent, int) or abs(number.adjusted()) > MOST_DIGITS or len(digits) > MOST_DIGITS:
        raise ValueError(f"{text!r} is too large or too small, or has too many digits")
    return Decimal((sign, digits, exponent + power))


def printed(figure: Decimal) -> str:
    """A figure as a paper prints it, with its last digit.

    >>> printed(Decimal("25.0e6")), printed(Decimal("4.1e9")), printed(Decimal("0.22e9")), printed(Decimal("22.2"))
    ('25.0 M', '4.1 G', '0.22 G', '22.2')
    """
    last_digit = figure.as_tuple().exponent
    for letter, power in POWERS.items():
        if 0 < int(last_digit) <= power:
            return f"{figure.scaleb(-power):f} {letter}"
    return f"{figure:f}"
