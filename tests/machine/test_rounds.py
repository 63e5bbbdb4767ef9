"""Calibration by measuring, on a machine whose coefficients are known and that is slow in every third round."""

import re
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner

import resnext_flops as rf
from resnext_flops.cli import main
from resnext_flops.commands.calibrate import command
from resnext_flops.complexity.profile import estimate, profile
from resnext_flops.errors import InputError
from resnext_flops.numerals import FEMTOSECONDS

pytest.importorskip("scipy")
pytest.importorskip("torchvision")
pytest.importorskip("timm")

from resnext_flops.machine.blocks import block
from resnext_flops.machine.rounds import BLOCKS, Blocks, Setup
from resnext_flops.machine.session import REFERENCE, Place, Session
from tests.machine.synthetic import MACS, OPERATOR, RUN, Synthetic, seconds_of

SETUP = Setup("made up", "cpu", "none", 1, 0, "code")
ENOUGH = 16 * BLOCKS


def begun(folder: Path, *, resume: bool = False, setup: Setup = SETUP) -> Blocks:
    blocks = Blocks(str(folder / "mine.toml"), setup)
    blocks.begin(resume=resume, force=False)
    return blocks


def measured(blocks: Blocks, machine: Synthetic, number: int = ENOUGH) -> None:
    """Measure until there are so many blocks; a round takes as long as its own runs."""
    session = machine.session()
    while blocks.number < number:
        blocks.measure(session, blocks.took + 1e-9)


def test_a_known_machine_is_found_although_it_drifts(tmp_path: Path) -> None:
    blocks = begun(tmp_path)
    measured(blocks, Synthetic())
    slow = [each.reference for each in blocks.rounds]
    assert max(slow) == pytest.approx(1.5 * min(slow))
    made = blocks.calibration()
    assert made.reference == pytest.approx(seconds_of(REFERENCE))
    # The third round is a slow one, and the reference is that of most rounds, whichever is the first.
    blocks.rounds.insert(0, blocks.rounds.pop(2))
    assert blocks.rounds[0].reference == max(slow)
    assert blocks.calibration().reference == made.reference
    for number, sample in enumerate(made.samples):
        assert sample.seconds == pytest.approx(seconds_of(block(0, number, 1).model))
    found = made.profile("a test", "none")
    assert found.models == ENOUGH
    assert (found.machine, made.profile("a test", "none", "mine").machine) == (SETUP.machine, "mine")
    for kind in ("dense", "pointwise", "grouped", "depthwise"):
        assert found.femtoseconds["macs"][kind] == pytest.approx(FEMTOSECONDS * MACS[kind], rel=0.02)
    assert found.femtoseconds["network"]["operators"] == pytest.approx(FEMTOSECONDS * OPERATOR, rel=0.02)
    assert found.femtoseconds["network"]["run"] == pytest.approx(FEMTOSECONDS * RUN, rel=0.05)
    for network in (rf.resnet(50), rf.resnext(101), rf.model("mobilenet_v2"), rf.model("convnext_tiny")):
        predicted = estimate(found, network.cost()).femtoseconds / FEMTOSECONDS
        assert predicted == pytest.approx(seconds_of(network), rel=0.02)


def test_a_noisy_machine_is_found_within_the_interval(tmp_path: Path) -> None:
    blocks = begun(tmp_path)
    measured(blocks, Synthetic(noise=0.05))
    found = blocks.calibration().profile("a test", "none")
    for network in (rf.resnet(50), rf.resnext(50), rf.model("mobilenet_v2"), rf.model("convnext_tiny")):
        each = estimate(found, network.cost())
        ratio = seconds_of(network) * FEMTOSECONDS / each.femtoseconds
        assert each.interval.low < ratio < each.interval.high


def test_what_was_stopped_goes_on_as_if_it_had_not_been(tmp_path: Path) -> None:
    (tmp_path / "whole").mkdir()
    whole = begun(tmp_path / "whole")
    measured(whole, Synthetic(), 4 * BLOCKS)
    stopped = begun(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        measured(stopped, Synthetic(stops_after=2 * BLOCKS + 3))
    assert stopped.number == 2 * BLOCKS
    again = begun(tmp_path, resume=True)
    assert again.rounds == stopped.rounds
    measured(again, Synthetic(), 4 * BLOCKS)
    for one, other in zip(again.rounds, whole.rounds, strict=True):
        assert one.first == other.first
        assert one.ratios == pytest.approx(other.ratios)
    assert begun(tmp_path, resume=True).rounds == again.rounds


def test_what_cannot_go_on(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"there is no .* to go on with; start without --resume"):
        begun(tmp_path, resume=True)
    blocks = begun(tmp_path)
    measured(blocks, Synthetic(), BLOCKS)
    with pytest.raises(InputError, match="give --resume to go on with it, or --force to start anew"):
        begun(tmp_path)
    with pytest.raises(InputError, match="is of another calibration: its seed is 0, not 1"):
        begun(tmp_path, resume=True, setup=SETUP._replace(seed=1))
    with pytest.raises(InputError, match="12 blocks were measured in 0 seconds, and a profile is made of at least 100"):
        blocks.calibration()
    blocks.file.write_bytes(b"something else\n")
    with pytest.raises(InputError, match="is no calibration that was stopped"):
        begun(tmp_path, resume=True)


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ('"first":12', '"first":12,', "is no calibration that was stopped"),
        ('"reference":', '"reference":0,"was":', "line 2: the round is damaged; give --force to start anew"),
        ('"reference":', '"reference":1e308,"was":', "line 2: the round is damaged"),  # longer than the round
        ('"ratios":[', '"ratios":[-', "line 2: the round is damaged"),
        ('"ratios":[', '"ratios":[0.5,', "line 2: the round is damaged"),  # thirteen
        ('"took":', '"took":1e-30,"was":', "line 2: the round is damaged"),
        ('"first":12', '"first":0', "line 3: the round is damaged"),
    ],
)
def test_what_is_damaged_is_refused_and_kept(before: str, after: str, says: str, tmp_path: Path) -> None:
    blocks = begun(tmp_path)
    measured(blocks, Synthetic(), 3 * BLOCKS)
    damaged = blocks.file.read_text(encoding="utf-8").replace(before, after, 1)
    blocks.file.write_text(damaged, encoding="utf-8")
    with pytest.raises(InputError, match=says):
        begun(tmp_path, resume=True)
    assert blocks.file.read_text(encoding="utf-8") == damaged


def on(machine: Synthetic, monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def session(self: Place, seed: int = 0) -> Iterator[Session]:
        yield machine.session()

    monkeypatch.setattr(Place, "session", session)


def params(words: list[str]) -> dict[str, Any]:
    """What `calibrate` reads in some words, the default of what is not among them."""
    return command.make_context("calibrate", words).params


def test_the_command_is_stopped_and_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    asked = ["--output", "mine.toml", "--seconds", "12.5", "--seed", "3", "--device", "cpu"]
    asked += ["--machine", "it's mine", "--source", "blocks; and a 'quiet' night"]
    on(Synthetic(stops_after=30), monkeypatch)
    done = CliRunner().invoke(main, ["calibrate", *asked])
    assert done.exit_code == 130
    assert "stopped after 24 blocks; --resume goes on" in done.stderr
    assert not Path("mine.toml").exists()
    on(Synthetic(), monkeypatch)
    done = CliRunner().invoke(main, ["calibrate", *asked, "--resume"])
    assert (done.exit_code, done.stdout) == (0, "")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.toml"]
    found = profile("mine.toml")
    assert found.models > 100
    assert found.batch == 1
    assert found.software.endswith(", 1 thread")
    assert params(shlex.split(found.command)[2:]) == params(asked)
    first, *_, last = done.stderr.splitlines()
    assert re.fullmatch(r"resnext-flops: measuring blocks, \d+ s to go", first)
    low, high = found.interval
    assert last == (
        f"resnext-flops: 'mine.toml' is made of {found.models} blocks of {found.families} kinds; of blocks of a kind "
        f"that the fit did not see, nine of ten took {low:.2f} to {high:.2f} times the estimate; more --seconds give a "
        "better profile"
    )


@pytest.mark.parametrize("ends", ["memory", "Ctrl-C"])
def test_what_ends_before_the_first_round_leaves_nothing(
    ends: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(*_: object, **__: object) -> None:
        raise RuntimeError("[enforce fail] can't allocate memory: you tried to allocate 32112640000 bytes.\n(a stack)")

    monkeypatch.chdir(tmp_path)
    if ends == "memory":
        monkeypatch.setattr(torch.nn.Module, "eval", refuses)
        status, sentence = 2, "reference with a batch of 2 did not run on cpu: [enforce fail] can't allocate memory"
    else:
        on(Synthetic(stops_after=3), monkeypatch)
        status, sentence = 130, "stopped; nothing was written"
    done = CliRunner().invoke(main, ["calibrate", "--output", "mine.toml", "--batch", "2", "--device", "cpu"])
    assert (done.exit_code, done.stdout) == (status, "")
    begun, *others = filter(None, done.stderr.splitlines())
    assert begun == "resnext-flops: measuring blocks, 240 s to go"
    assert len(others) == 1
    assert sentence in others[0]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("package", ["torchvision", "timm", "scipy", "tomli_w"])
def test_a_missing_package_is_told_before_anything_is_measured(
    package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = metadata.version

    def version(name: str) -> str:
        if name == package:
            raise metadata.PackageNotFoundError(name)
        return before(name)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(metadata, "version", version)
    monkeypatch.setattr(Place, "session", lambda *_: pytest.fail("it measures"))
    done = CliRunner().invoke(main, ["calibrate", "--output", "mine.toml", "--device", "cpu"])
    sentence = f"resnext-flops: this needs {package}: pip install 'resnext-flops[timing]'\n"
    assert (done.exit_code, done.stdout, done.stderr) == (2, "", sentence)
    assert list(tmp_path.iterdir()) == []
    if package in {"torchvision", "timm"}:  # of the versions that must be the same when a calibration goes on
        with pytest.raises(InputError, match=f"this needs {package}: pip install"):
            Setup.of(Place("cpu"), 0)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--seconds", "0"], "seconds is 0.0; it must be a finite number above 0"),
        (["--seconds", "nan"], "seconds is nan; it must be a finite number above 0"),
        (["--threads", "0"], "threads is 0; this process may use 1 to"),
        (["--batch", "0"], "batch is 0; it must be a whole number of at least 1"),
        (["--resume"], "there is no 'mine.toml.unfinished' to go on with"),
        (["--layout", "nhwc"], "--layout has no meaning without --published; leave it out"),
        (["--published", "times.csv", "--seconds", "9"], "--seconds has no meaning with --published; leave it out"),
        (["--published", "times.csv", "--resume"], "--resume has no meaning with --published; leave it out"),
    ],
)
def test_bad_input_is_one_sentence(
    arguments: list[str], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, ["calibrate", "--output", "mine.toml", *arguments])
    assert (done.exit_code, done.stdout) == (2, "")
    assert says in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == []
