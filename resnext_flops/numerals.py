"""Decimal numbers, read exactly."""

from fractions import Fraction

# A number with more digits than this is no figure of a network, and takes long to write out.
MOST_DIGITS = 60
# The power of ten of each unit.
POWERS = {"k": 3, "M": 6, "G": 9, "T": 12}


def exact(text: str) -> Fraction:
    """A decimal number such as `4.2e9`, or `4.2G` with a unit of k, M, G or T, exactly.

    Raises ValueError for what is none, or has far too many digits.

    >>> exact("4.2e9"), exact("4.2G"), exact("0.25")
    (Fraction(4200000000, 1), Fraction(4200000000, 1), Fraction(1, 4))
    """
    from decimal import Decimal, InvalidOperation

    power = POWERS.get(text[-1:], 0)
    try:
        number = Decimal(text[:-1] if power else text)
    except InvalidOperation:
        raise ValueError(f"{text!r} is no number") from None
    if not number.is_finite() or abs(number.adjusted()) > MOST_DIGITS:
        raise ValueError(f"{text!r} is too large or too small")
    return Fraction(10**power) * Fraction(number)
