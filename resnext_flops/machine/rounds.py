"""Calibration by measuring: rounds of random blocks, kept as they are measured, and the profile that is made of them.

A round is some blocks that take turns with the reference. What it has shown is a line of a file beside the profile, so
that a calibration that was stopped goes on with the next round. The seconds of a block are its ratio to the reference,
times the median of all rounds' reference: a machine that was slow in one round was slow for both.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from os import fspath
from pathlib import Path
from statistics import median
from typing import NamedTuple

import msgspec

from resnext_flops.complexity.features import features, kinds
from resnext_flops.complexity.profile import Profile
from resnext_flops.counters.zoos.kept import code_digest
from resnext_flops.errors import InputError
from resnext_flops.files import write
from resnext_flops.machine import blocks
from resnext_flops.machine.blocks import Block, block
from resnext_flops.machine.calibrate import FEWEST, Origin, calibrated
from resnext_flops.machine.fitting import Sample, fit
from resnext_flops.machine.session import Place, Session
from resnext_flops.proof.verify import choose_device

BLOCKS = 12  # of a round
NUMBERS = "fp32", "nchw"  # the precision and the layout of what blocks compute
ROUND = 2.0  # seconds after which a round ends, where the medians are not known before
SECONDS = 240.0  # that a calibration takes
# Told after each round: how many blocks are measured, and the seconds that are left.
Tell = Callable[[int, float], None]


class Setup(NamedTuple):
    """What must be the same when a calibration goes on: where blocks run, which they are, and what draws them."""

    machine: str
    device: str
    software: str
    batch: int
    seed: int
    code: str

    @classmethod
    def of(cls, place: Place, seed: int) -> "Setup":
        """The setup on this machine."""
        recipes = Path(blocks.__file__).read_text(encoding="utf-8")
        code = code_digest(("torch", "torchvision", "timm"), recipes)
        return cls(place.machine, choose_device(place.device).type, place.software, place.batch, seed, code)


class Round(msgspec.Struct, frozen=True):
    """A round: the number of its first block, seconds of the reference, ratios of the blocks, and how long it took."""

    first: int
    reference: float
    ratios: tuple[float, ...]
    took: float

    @property
    def is_possible(self) -> bool:
        """Whether times are above 0, and no run took longer than the round."""
        slowest = self.reference * max(1.0, *self.ratios)
        return min(self.reference, *self.ratios) > 0 and slowest <= self.took < inf


class Blocks:
    """The rounds of a calibration, in a file beside the profile, to which each further one is added at once."""

    def __init__(self, output: str, setup: Setup) -> None:
        self.file, self.setup = Path(f"{output}.unfinished"), setup
        self.rounds: list[Round] = []

    def begin(self, *, resume: bool, force: bool) -> None:
        """Begin anew, or with what is there. The file is written with the first round: before, nothing is to be kept.

        Raises InputError if there is nothing to resume, if it is of another setup, and if there is something that is
        not to be lost.
        """
        there = self.file.exists()
        if resume and not there:
            raise InputError(f"there is no {fspath(self.file)!r} to go on with; start without --resume")
        if there and not (resume or force):
            raise InputError(
                f"{fspath(self.file)!r} is a calibration that was stopped; give --resume to go on with it, or --force "
                "to start anew"
            )
        self.rounds = self._read() if resume else []

    def _read(self) -> list[Round]:
        first, *lines = self.file.read_bytes().splitlines() or [b""]
        try:
            setup = msgspec.json.decode(first, type=Setup)
            rounds = [msgspec.json.decode(line, type=Round) for line in lines]
        except msgspec.DecodeError:
            raise InputError(f"{fspath(self.file)!r} is no calibration that was stopped") from None
        for name, own, theirs in zip(Setup._fields, self.setup, setup, strict=True):
            if own != theirs:
                raise InputError(f"{fspath(self.file)!r} is of another calibration: its {name} is {theirs}, not {own}")
        for place, each in enumerate(rounds):
            if each.first != BLOCKS * place or len(each.ratios) != BLOCKS or not each.is_possible:
                raise InputError(
                    f"{fspath(self.file)!r}, line {place + 2}: the round is damaged; give --force to start anew"
                )
        return rounds

    def add(self, found: Round) -> None:
        """Keep a round."""
        self.rounds.append(found)
        write(self.file, b"\n".join(map(msgspec.json.encode, (self.setup, *self.rounds))) + b"\n")

    def forget(self) -> None:
        """Remove the file: the profile is written."""
        self.file.unlink(missing_ok=True)

    @property
    def number(self) -> int:
        """How many blocks are measured."""
        return sum(len(each.ratios) for each in self.rounds)

    @property
    def took(self) -> float:
        """For how many seconds blocks were measured."""
        return sum(each.took for each in self.rounds)

    def measure(self, session: Session, seconds: float, tell: Tell = lambda *_: None) -> None:
        """Add rounds until all together took so many seconds."""
        while self.took < seconds:
            start, first = session.clock(), self.number
            chosen = [self._block(first + place) for place in range(BLOCKS)]
            found = session.in_turn([each.model for each in chosen], ROUND)
            ratios = tuple(each.ratio.median for each in found)
            self.add(Round(first, found[0].reference, ratios, session.clock() - start))
            tell(self.number, max(0.0, seconds - self.took))

    def _block(self, number: int) -> Block:
        return block(self.setup.seed, number, self.setup.batch, self.setup.device)

    def calibration(self) -> "Calibration":
        """The samples of all rounds. Raises InputError for too few to make a profile of."""
        if self.number < FEWEST:
            raise InputError(
                f"{self.number} blocks were measured in {self.took:.0f} seconds, and a profile is made of at least "
                f"{FEWEST}; go on with --resume and more --seconds"
            )
        reference = median(each.reference for each in self.rounds)
        found = Calibration(self.setup, [], set(), reference)
        for each in self.rounds:
            for place, ratio in enumerate(each.ratios):
                found.add(self._block(each.first + place), ratio * reference)
        return found


@dataclass
class Calibration:
    """Measured blocks as samples, the kinds of their layers, and the seconds of the reference."""

    setup: Setup
    samples: list[Sample]
    kinds: set[str]
    reference: float

    def add(self, each: Block, seconds: float) -> None:
        """Count a block that took so many seconds."""
        ledger = each.model.cost()
        self.kinds.update(kinds(ledger))
        totals = int(ledger.macs), int(ledger.params), int(ledger.activations)
        name = f"block {each.number}"
        self.samples.append(
            Sample(name, each.family, each.super_family, self.setup.batch, seconds, features(ledger), *totals)
        )

    def profile(self, source: str, command: str, machine: str | None = None) -> Profile:
        """The profile of the machine. source, command: as of `Profile`. machine: its name, if not its own."""
        origin = Origin(machine or self.setup.machine, self.setup.software, *NUMBERS)
        return calibrated(self.samples, sorted(self.kinds), fit(self.samples), origin, source, command)
