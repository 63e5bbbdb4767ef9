"""What several models cost, a row each: figures by name, and the reason where there are none.

A model of a library that is named alone, such as `torchvision:resnet50`, is looked up in what is kept of that library
(`zoos/kept.py`) before the library is loaded.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from fractions import Fraction
from typing import Any, NamedTuple

from resnext_flops.complexity.conventions import CONVENTIONS
from resnext_flops.complexity.expressions import Rational
from resnext_flops.complexity.figures import BYTES, COMMON, TIME, expression_names, figure, remarks_on
from resnext_flops.complexity.layers import Shape, show
from resnext_flops.complexity.model import Model
from resnext_flops.complexity.names import NAMED
from resnext_flops.complexity.profile import NoEvidenceError
from resnext_flops.counters import zoos
from resnext_flops.counters.inputs import inputs_text
from resnext_flops.counters.lookup import Given, counted_by
from resnext_flops.counters.lookup import model as model_of
from resnext_flops.counters.zoos.kept import LIBRARIES, Kept
from resnext_flops.errors import InputError, same_name, unknown

ACCURACY = "accuracy"
# The figures that are always known of a model.
ALWAYS = (*COMMON, "inference_bytes", "training_bytes")
# Told of each model that is about to be counted: its name, and how many were counted before it.
Tell = Callable[[str, int], None]


class Costs(NamedTuple):
    """What is known of one model.

    model: its name, as it was given.
    input: what it is called with, as behind `--input`, where that was given; else the shape of its usual input.
    origin: whether its figures are derived from a description or counted in a run.
    figures: exact figures, by their names in expressions.
    accuracy, checkpoint: what its library prints in percent, and for which trained weights.
    lower_bound: whether an operator is unknown, so that the figures are lower bounds.
    remarks: how it was counted, where a reader should know it.
    wider: why the interval of its time is the wider one.
    lacking: why the model lacks a figure.
    reason: why it has none at all; empty where it was counted.
    """

    model: str
    input: str = ""
    origin: str = ""
    figures: Mapping[str, int] = {}
    accuracy: str = ""
    checkpoint: str = ""
    lower_bound: bool = False
    remarks: tuple[str, ...] = ()
    wider: tuple[str, ...] = ()
    lacking: Mapping[str, str] = {}
    reason: str = ""

    @property
    def values(self) -> dict[str, Rational]:
        """Every figure by its name, and the printed accuracy, exactly.

        >>> Costs("net", figures={"macs": 4}, accuracy="80.5").values
        {'macs': 4, 'accuracy': Fraction(161, 2)}
        """
        return {**self.figures, **({ACCURACY: Fraction(self.accuracy)} if self.accuracy else {})}

    def why_no(self, name: str) -> str:
        """Why it lacks a figure."""
        return self.lacking.get(name, f"it has no {name}")


class Candidate(NamedTuple):
    """A model that is to be counted: its name, the library that it is kept with, if any, and itself once it is made."""

    name: str
    library: str
    model: Model | None


class Candidates:
    """Models, and what each of them costs.

    named: how many of them were given, and not found in the library.
    """

    def __init__(self, given: Iterable[Given], library: str = "", inputs: Any = None) -> None:
        """given: models, as in `model`. library: one whose classifiers of images are candidates too.

        Raises InputError for a model or a library that does not exist, or where there are none.
        """
        self.inputs = inputs
        self._kept: dict[str, Kept] = {}
        found: list[Candidate] = []
        names: set[str] = set()  # one that is given twice is one candidate
        for each in given:
            candidate = self._candidate(each)
            if isinstance(each, str):
                if candidate.name in names:
                    continue
                names.add(candidate.name)
            found.append(candidate)
        self.named = len(found)
        if library:
            texts = (f"{library}:{name}" for name in self._classifiers(library))
            found += [Candidate(text, library, None) for text in texts if text not in names]
        if not found:
            raise InputError("there is nothing to compare; name models, or a library")
        self.all = found

    @property
    def remarks(self) -> list[str]:
        """Why nothing is kept, where that is so."""
        return [kept.remark for kept in self._kept.values() if kept.remark]

    @property
    def missing(self) -> int:
        """How many models are not kept, and have to be counted."""
        return sum(self._known(candidate) is None for candidate in self.all)

    def costs(self, figures: Iterable[str] = (), tell: Tell = lambda *_: None) -> Iterator[Costs]:
        """What each model costs, in turn. What was counted is kept, also when it is stopped.

        figures: further figures than those that are always there, by their names in expressions.

        Raises NoEvidenceError for a model that was named, and whose time is asked for strictly, without evidence.
        """
        counted = 0
        try:
            for place, candidate in enumerate(self.all):
                found = self._known(candidate)
                if found is None:
                    tell(candidate.name, counted)
                    found = self._counted(candidate, figures, named=place < self.named)
                    counted += 1
                yield found
        finally:
            if counted:
                for kept in self._kept.values():
                    kept.save()

    def _candidate(self, given: Given) -> Candidate:
        library, _, name = given.partition(":") if isinstance(given, str) else ("", "", "")
        if library in LIBRARIES:
            name = same_name(name, zoos.zoo(library).names()) or name
        if library not in LIBRARIES or "(" in name:
            found = model_of(given, self.inputs)
            if found.name in {f"{each}:{given}" for each in LIBRARIES}:  # a bare name that a library has
                return self._candidate(found.name)
            return Candidate(same_name(given, NAMED) or given if isinstance(given, str) else found.name, "", found)
        known = name in self._of(library).rows
        return Candidate(f"{library}:{name}", library, None if known else model_of(given, self.inputs))

    def _of(self, library: str) -> Kept:
        if library not in self._kept:
            self._kept[library] = Kept(library, self.inputs)
        return self._kept[library]

    def _classifiers(self, library: str) -> list[str]:
        if library not in LIBRARIES:
            raise unknown("library", library, LIBRARIES)
        kept = self._of(library)
        kept.classifiers = kept.classifiers or list(zoos.zoo(library).classifiers())
        return kept.classifiers

    def _known(self, candidate: Candidate) -> Costs | None:
        """What is kept of a model; nothing while times are asked for, which depend on the profile that is in use."""
        if not candidate.library or TIME in expression_names():
            return None
        row = self._of(candidate.library).rows.get(_in_library(candidate.name))
        return None if row is None else Costs(candidate.name, **{**row, "remarks": tuple(row["remarks"])})

    def _counted(self, candidate: Candidate, figures: Iterable[str], *, named: bool) -> Costs:
        """What a model costs, counted now. Of a library's model everything is, and kept.

        Raises NoEvidenceError as `costs` does.
        """
        try:
            model = candidate.model or model_of(candidate.name, self.inputs)
            if not candidate.library:
                return self._row(candidate.name, model, figures)
            found = self._row(candidate.name, model, expression_names())
            accuracy = zoos.zoo(candidate.library).accuracy(_in_library(candidate.name), _pixels(model.input))
            if accuracy:
                found = found._replace(accuracy=accuracy.percent, checkpoint=accuracy.checkpoint)
        except NoEvidenceError as error:
            if named:
                raise
            return Costs(candidate.name, reason=str(error))
        except InputError as error:
            return Costs(candidate.name, reason=str(error))
        except SystemExit as end:
            return Costs(candidate.name, reason=f"the code of the model ended the program with {end.code!r}")
        fields = found._asdict() | {"figures": _lasting(found.figures), "lacking": _lasting(found.lacking)}
        del fields["model"], fields["wider"]
        self._of(candidate.library).rows[_in_library(candidate.name)] = fields
        return found

    def _row(self, name: str, model: Model, figures: Iterable[str]) -> Costs:
        """The figures of a model: those that are always there, and others by their names in expressions.

        Raises InputError where it cannot be counted, and NoEvidenceError for its time.
        """
        known = expression_names()
        names = (*ALWAYS, *figures, *([TIME] if TIME in known else []))
        wanted = {name: known[name] for name in dict.fromkeys(names) if name != ACCURACY}
        ledger = counted_by(model, [each for each in wanted.values() if each in CONVENTIONS])
        found, lacking = {}, {}
        for key, each in wanted.items():
            try:
                found[key] = int(getattr(model, each) if each in BYTES else figure(ledger, each))
            except NoEvidenceError:
                raise
            except InputError as error:
                lacking[key] = str(error)
        remarks = ledger.trace.remarks if ledger.trace else ()
        return Costs(
            name,
            inputs_text(self.inputs) or show(ledger.input),
            ledger.origin,
            found,
            lower_bound=ledger.lower_bound,
            remarks=remarks,
            wider=remarks_on(known[TIME], ledger) if TIME in found else (),
            lacking=lacking,
        )


def _lasting(known: Mapping[str, Any]) -> dict[str, Any]:
    """What is known by figure, without the time, which depends on the profile that is in use."""
    return {name: each for name, each in known.items() if name != TIME}


def _in_library(name: str) -> str:
    return name.partition(":")[2]


def _pixels(shape: Shape) -> int:
    """The height and width of a square image; 0 of anything else."""
    return shape[1] if len(shape) == 3 and shape[1] == shape[2] else 0
