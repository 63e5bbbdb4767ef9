"""Signs that an encoding may lack, such as that of `LC_ALL=C`: each is then printed as plain ASCII."""

import codecs

NAME = "resnext-flops"

# One character for one wherever a table may hold the sign, so that its columns stay aligned.
SIGNS = {
    **dict.fromkeys("–—─━", "-"),
    **dict.fromkeys("│┃", "|"),
    **dict.fromkeys("┌┐└┘├┤┬┴┼", "+"),
    **dict.fromkeys("⎡⎢⎣", "["),
    **dict.fromkeys("⎤⎥⎦", "]"),
    **dict.fromkeys("·•★", "*"),
    "…": "~",
    "×": "x",
    "µ": "u",
    "±": "+-",
    "→": "->",
    "←": "<-",
    "≤": "<=",
    "≥": ">=",
    "≠": "!=",
    "≈": "~",
    **{sign: f"^{number}" for number, sign in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")},
}


def plain(error: UnicodeError) -> tuple[str, int]:
    r"""What is written for characters that an encoding lacks: a handler of errors for codecs, under the name `NAME`.

    >>> "2 × 3 → 網".encode("ascii", NAME)
    b'2 x 3 -> \\u7db2'
    """
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    escaped = (SIGNS.get(mark) or mark.encode("ascii", "backslashreplace").decode() for mark in lacking)
    return "".join(escaped), error.end


codecs.register_error(NAME, plain)
