"""What a printed figure can be, as a table: the answer is its title."""

from resnext_flops.proof.identify.hypotheses import Kind, Match
from resnext_flops.proof.identify.search import Candidate, Identification, Printed, beside
from resnext_flops.proof.identify.words import meaning, network, way
from resnext_flops.show.table import Cell, Column, Table

# What is shown of the candidates.
MOST = 12
WORTH_SHOWING = 0.001
MOST_ALSO = 3
# From here on the sentence says that the first reading is the one.
LIKELIEST = 0.5


def identification(name: str, found: Identification) -> Table:
    """What gives some printed figures of a model, the likeliest first.

    name: what the model was called.
    """
    worth = [each for each in found.candidates if each.probability >= WORTH_SHOWING]
    shown = worth[:MOST] or list(found.candidates[:1])
    rows = [row for each in shown for row in _rows(found, each)]
    if not rows:
        rows = [_row(kind, match, found.printed[kind]) for kind, match in found.nearest.items()]
    columns = (
        Column("what", "what it is"),
        Column("exact", "exact figure"),
        Column("agreement", "agreement"),
        Column("probability", "probability"),
        Column("also", "the same figure as", rank=1),
    )
    return Table("identify", answer(name, found), "", columns, rows, _notes(found, len(shown)))


def _rows(found: Identification, candidate: Candidate) -> list[dict[str, Cell]]:
    """A row for each figure; the probability of them together stands beside the first."""
    rows = [_row(kind, match, found.printed[kind]) for kind, match in candidate.matches.items()]
    first = next(iter(candidate.matches))
    also = [network(meaning(first, each), each) for each in candidate.also[:MOST_ALSO]]
    more = len(candidate.also) - len(also)
    said = "; ".join([*also, *([f"{more} more"] if more else [])])
    rows[0] |= {"probability": f"{candidate.probability:.3f}", "also": said or None}
    return rows


def _row(kind: Kind, match: Match, printed: Printed) -> dict[str, Cell]:
    exact = match.exact if isinstance(match.exact, int) else str(float(match.exact))
    return {
        "what": network(meaning(kind, match.hypothesis), match.hypothesis),
        "exact": exact,
        "agreement": way(match) or str(beside(printed, match)),
    }


def _notes(found: Identification, shown: int) -> list[str]:
    if not found.candidates:
        return []
    notes = [
        "Probability: how likely a reading is among all others and coincidence, estimated from the published set. The "
        "command conventions explains the names.",
        _chance(found.coincidence),
    ]
    if not found.explained:
        notes.append(
            f"Against coincidence alone the first reading has {found.against_chance:.2f}; below 0.95 it is perhaps so."
        )
    if hidden := len(found.candidates) - shown:
        notes.append(f"{hidden} less likely readings are not shown.")
    return notes


def _chance(coincidence: float) -> str:
    """What is said of a coincidence.

    >>> _chance(0.0018)
    'Of other figures of this size with as many digits, 0.18 % would fit as well.'
    """
    if coincidence >= 1:
        return "Any other figure of this size with as many digits would fit as well, so this says little."
    return f"Of other figures of this size with as many digits, {100 * coincidence:.2g} % would fit as well."


def answer(name: str, found: Identification) -> str:
    """What printed figures are, in one sentence.

    >>> from resnext_flops.proof.identify import identify
    >>> answer("resnet50", identify("resnet50", "25.557M"))
    '25.557M is parameters of resnet50 (25,557,032, rounded).'
    """
    matches = found.candidates[0].matches if found.candidates else found.nearest
    texts = " and ".join(dict.fromkeys(found.printed[kind].text for kind in matches))
    verb = "is" if len(matches) == 1 else "are"
    whats = " and ".join(meaning(kind, match.hypothesis) for kind, match in matches.items())
    whose = network(name, next(iter(matches.values())).hypothesis)
    if not found.candidates:
        exacts = " and ".join(f"{match.exact:,}" for match in matches.values())
        return f"{texts} cannot be met by any reading of {name}; nearest {verb} {whats} of {whose}: {exacts}."
    exacts = " and ".join(f"{match.exact:,}, {way(match)}" for match in matches.values())
    if found.against_chance < LIKELIEST:
        return f"{texts} may be {whats} of {whose} ({exacts}), but coincidence is likelier."
    sure = "perhaps " if not found.explained else "" if found.candidates[0].probability >= LIKELIEST else "most likely "
    return f"{texts} {verb} {sure}{whats} of {whose} ({exacts})."
