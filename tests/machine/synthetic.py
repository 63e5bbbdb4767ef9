"""A machine whose coefficients are known, with a clock of its own: no time is measured."""

from collections.abc import Callable
from random import Random

from resnext_flops.complexity.features import features
from resnext_flops.complexity.model import Model
from resnext_flops.machine.session import Session

# Seconds of one multiply-add, of one element that is written, of one weight, of an operator, and of a run.
MACS = {
    **dict.fromkeys(("dense", "pointwise", "linear", "matmul", "attention"), 2e-11),
    "grouped": 8e-11,
    "depthwise": 3e-10,
}
WRITTEN, WEIGHT, OPERATOR, RUN = 5e-10, 1e-9, 8e-6, 5e-5


def seconds_of(model: Model) -> float:
    """What a model takes there, where nothing else runs."""
    found = 0.0
    for (quantity, kind), figure in features(model.cost()).items():
        if quantity == "macs":
            found += MACS[kind] * figure
        elif quantity == "network":
            found += (OPERATOR if kind == "operators" else RUN) * figure
        else:
            found += {"read": 0.0, "written": WRITTEN, "weights": WEIGHT}[quantity] * figure
    return found


class Synthetic:
    """The machine: every third round of so many models it takes half as long again, and each run is off by a noise."""

    def __init__(self, noise: float = 0.0, stops_after: int | None = None, models: int = 12) -> None:
        self.noise, self.stops_after, self.models = noise, stops_after, models
        self.now, self.built, self.draw = 0.0, -1, Random(1)  # noqa: S311

    def session(self) -> Session:
        """A session there; the reference is built first."""
        return Session(self.run_of, lambda: self.now)

    def run_of(self, model: Model) -> Callable[[], float]:
        """The run of a model. Raises KeyboardInterrupt after so many models."""
        self.built += 1
        if self.stops_after is not None and self.built > self.stops_after:
            raise KeyboardInterrupt
        seconds = seconds_of(model)

        def run() -> float:
            slow = 1.5 if (self.built - 1) // self.models % 3 == 2 else 1.0
            taken = seconds * slow * (1 + self.draw.uniform(-self.noise, self.noise))
            self.now += taken
            return taken

        return run
