"""A model as data for the page: its sizes, and every figure as a polynomial in them, with exact coefficients.

The page evaluates these polynomials and has no formula of its own. A coefficient is a text of decimal digits, because a
number of JavaScript is a double; the sum of the terms is divided exactly by one number. An estimated time has other
polynomials at some values of sizes, and the page takes the one that holds.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from resnext_flops.complexity.architecture import ARGUMENTS, BATCH, DEPTH, size_name
from resnext_flops.complexity.arguments import names as names_in
from resnext_flops.complexity.closed_form import ClosedForm
from resnext_flops.complexity.conventions import CONVENTIONS
from resnext_flops.complexity.figures import FIGURES, without_folder
from resnext_flops.complexity.formula import Formula, denominator, latex, ordered
from resnext_flops.complexity.lattices import Lattice, Span, spans
from resnext_flops.complexity.layers import Size
from resnext_flops.complexity.model import Model
from resnext_flops.complexity.reading import Reading
from resnext_flops.errors import InputError
from resnext_flops.show.table import Bracket

# More sliders than this are no page that anybody reads.
MOST_SLIDERS = 12
# How far the slider of a size goes, in the paper's networks and those like them; a field takes what is beyond.
REACH: Mapping[str, int] = {"C": 64, "d": 128, "r": 512, "K": 5000, "w": 256}
DEEPEST = 48
# The slider of any other size goes so many times as far as its value.
TIMES = 4
# A size that changes the structure of every network that has it, and that the papers never change.
NOT_OFFERED = ("in_channels",)


class Polynomials:
    """Polynomials as data, each of them once: what uses one knows its place in the list.

    >>> found = Polynomials()
    >>> C, d = Formula.of("C"), Formula.of("d")
    >>> found.place(9 * C * d * d), found.place(7), found.place(9 * C * d * d)
    (0, 1, 0)
    >>> found.data[0]
    {'by': '1', 'terms': [['9', {'C': 1, 'd': 2}]]}
    """

    def __init__(self) -> None:
        self.data: list[dict[str, Any]] = []
        self._places: dict[Size, int] = {}

    def place(self, formula: Size, names: Sequence[str] = ()) -> int:
        """The place of a formula, or of a number. names: the order in which terms are sorted."""
        if formula not in self._places:
            self._places[formula] = len(self.data)
            by = denominator(formula)
            terms = [
                [str(int(coefficient * by)), {name: monomial.count(name) for name in dict.fromkeys(monomial)}]
                for monomial, coefficient in ordered(formula, names)
            ]
            self.data.append({"by": str(by), "terms": terms})
        return self._places[formula]


def sliders(model: Model, wanted: Mapping[str, Span]) -> dict[str, Span]:
    """The sizes of a model that get a slider: those that are wanted, or its usual ones.

    Raises InputError where it has none, or too many.

    >>> from resnext_flops.complexity.families.resnet import resnet
    >>> list(sliders(resnet(50), {})), list(sliders(resnet(50), {"resolution": Span()}))
    (['r', 'K', 'w', 'n1', 'n2', 'n3', 'n4'], ['r'])
    """
    found = spans(wanted, model.known_as) or dict.fromkeys(_usual(model), Span())
    if not found:
        has = ", ".join(name for name in model.sizes() if name != BATCH)
        raise InputError(
            f"{model.name} has no sizes to be sliders by themselves; "
            + (f"choose some with --free, out of {has}" if has else "give a model with sizes, such as resnet50")
        )
    if len(found) > MOST_SLIDERS:
        raise InputError(
            f"{model.name} has {len(found)} sizes, and a page has at most {MOST_SLIDERS} sliders for a model; choose "
            f"some with --free, such as --free {','.join(list(found)[:2])}"
        )
    return found


def _usual(model: Model) -> list[str]:
    """The free names in a call, and of a described network every size that has a value; else the pixels."""
    own, named = model.sizes(), names_in(dict(model.arguments))
    if model.origin != "derived":
        return [name for name in own if name in named] or [name for name in own if name == "r"]
    found = [name for name, value in own.items() if name in named or (value is not None and name not in NOT_OFFERED)]
    return [name for name in found if not DEPTH.fullmatch(name) or _replaceable(model, name)]


def _replaceable(model: Model, name: str) -> bool:
    try:
        model.replace(**{name: model.sizes()[name]})
    except InputError:
        return False
    return True


def exported(
    model: Model, free: Mapping[str, Span], title: str, polynomials: Polynomials, times: Sequence[str] = ()
) -> dict[str, Any]:
    """A model as data, with some of its sizes free.

    free: the sizes that get a slider. title: what the model is called. polynomials: where its figures are put.
    times: the full names of times that it has besides.

    Raises InputError where the model has no formula in them.
    """
    reading = model.reading(free)
    names = reading.free
    stages = list(reading.parts("macs"))

    def place(formula: Size) -> int:
        return polynomials.place(formula, names)

    figures: dict[str, Any] = {}
    refused: dict[str, str] = {}
    for name in (*FIGURES, *CONVENTIONS):
        try:
            figures[name] = {"total": place(reading.figure(name)), "parts": None}
        except InputError as error:
            refused[name] = str(error)
            continue
        # The conventions of a real model look at all of it at once.
        with suppress(InputError):
            figures[name]["parts"] = [place(part) for part in reading.parts(name).values()]
    return {
        "title": title,
        "call": model.call(names),
        "origin": reading.origin,
        "holds": ClosedForm(reading, "macs").holds,
        "fixed": fixed(model, names),
        "sizes": [_size(model, reading, name) for name in names],
        "stages": stages,
        "figures": figures,
        "refused": refused,
        "block": _block(model, free, polynomials),
        "training": _training(model, free, polynomials),
        "notation": [
            {"stage": stage, "output": output, "parts": [_part(part, place) for part in parts]}
            for stage, (output, parts) in reading.notation(lambda size: f"{{{place(size)}}}").items()
        ],
        **({"times": {without_folder(time): _pieces(reading, time, place) for time in times}} if times else {}),
    }


def _pieces(reading: Reading, time: str, place: Callable[[Size], int]) -> list[dict[str, Any]]:
    """The polynomials of a time, each with its values of sizes; of those that fit, the last one holds."""
    form = ClosedForm(reading, time)
    return [{"where": at, "total": place(formula)} for at, formula in (({}, form.polynomial), *form.special())]


def fixed(model: Model, free: Sequence[str]) -> list[str]:
    """What has no slider: the other arguments of the model, each with its value.

    >>> from resnext_flops.complexity.families.vgg import vgg
    >>> fixed(vgg(16), ["r", "K"])[:2]
    ['depth = 16', 'batch_norm = False']
    """
    free = [ARGUMENTS.get(name, name) for name in free]
    deepened = any(DEPTH.fullmatch(name) for name in free)
    return [
        f"{name} = {value}"
        for name, value in model.arguments.items()
        if name not in free and not names_in(value) and not (name == "depth" and deepened)
    ]


def _size(model: Model, reading: Reading, name: str) -> dict[str, Any]:
    """A free size: what it is, its value, and which values it takes.

    The formulas were tried from `start` to `last`; they may hold from `first` on. The slider goes to `reach`.
    """
    lattice = reading.lattices[name]
    own, least = model.sizes().get(name), max(reading.least(name), 1)
    value = own if own is not None and lattice.holds(own) else lattice.start
    return {
        "name": name,
        "meaning": size_name(name),
        "latex": latex(Formula.of(name)),
        "value": value,
        "first": lattice.start - (lattice.start - least) // lattice.step * lattice.step,
        "start": lattice.start,
        "step": lattice.step,
        "last": lattice.last,
        "least": least,
        "reach": _reach(name, value, lattice),
    }


def _reach(name: str, value: int, lattice: Lattice) -> int:
    usual = DEEPEST if DEPTH.fullmatch(name) or name == "n" else REACH.get(name, 0)
    reach = max(usual, TIMES * value if not usual else value)
    reach = reach if lattice.last is None else min(reach, lattice.last)
    return lattice.start + (reach - lattice.start) // lattice.step * lattice.step


def _block(model: Model, free: Mapping[str, Span], polynomials: Polynomials) -> dict[str, int] | None:
    """The figures of the template block, where the model has one."""
    try:
        reading = model.reading(free, "block")
        return {name: polynomials.place(reading.figure(name), reading.free) for name in FIGURES}
    except InputError:
        return None


def _training(model: Model, free: Mapping[str, Span], polynomials: Polynomials) -> int | None:
    """The bytes of tensors in training as a polynomial of the sizes and the batch, where they are known."""
    try:
        reading = model.reading({**free, BATCH: Span()})
        return polynomials.place(reading.figure("training_bytes"), reading.free)
    except InputError:
        return None


def _part(part: str | Bracket, place: Any) -> Any:
    return part if isinstance(part, str) else {"layers": part.layers, "times": place(part.times)}
