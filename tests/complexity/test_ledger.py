"""The ledger's totals, parts and representations."""

import copy
import dataclasses
import io
import pickle
from collections.abc import Callable

import pytest
from rich.console import Console

import resnext_flops as rf
from resnext_flops.complexity.names import NAMED
from resnext_flops.show.display import html


def test_the_parts_add_up() -> None:
    ledger = rf.resnext(50).cost()
    stages = [ledger.stage(name) for name in ("conv1", "conv2", "conv3", "conv4", "conv5", "head")]
    for figure in ("params", "weights", "macs", "activations"):
        assert sum(getattr(stage, figure) for stage in stages) == getattr(ledger, figure)
    assert sum(len(stage) for stage in stages) == len(ledger)


def test_a_stage_is_not_taken_for_another_with_a_longer_name() -> None:
    ledger = rf.resnext(101).cost()
    assert {entry.path.split(".")[1] for entry in ledger.stage("conv4.block1")} == {"block1"}


def test_an_unknown_path_is_an_error() -> None:
    ledger = rf.resnet(50).cost()
    with pytest.raises(KeyError, match="conv9"):
        ledger.stage("conv9")
    with pytest.raises(KeyError, match="conv9"):
        ledger["conv9"]
    with pytest.raises(
        rf.InputError,
        match="unknown convention 'fvcor'; 3 names begin with it: fvcore, ",
    ):
        ledger.total("fvcor")


def test_a_frame_has_a_row_a_layer_and_exact_integers() -> None:
    ledger = rf.resnet(50).cost()
    frame = ledger.to_frame()
    assert len(frame) == len(ledger)
    assert frame["macs"].sum() == ledger.macs
    assert all(type(value) is int for value in frame["params"])
    assert frame.loc["conv1.conv", "macs"] == 7 * 7 * 3 * 64 * 112 * 112


def test_it_shows_itself_in_a_terminal_and_in_a_notebook() -> None:
    ledger = rf.resnet(50).cost()
    console = Console(width=100, file=io.StringIO())
    with console.capture() as shown:
        console.print(ledger)
    assert "4,089,184,256" in shown.get()
    assert ">4,089,184,256</td>" in html(ledger)
    assert repr(ledger) == "<Ledger of resnet(50): 175 layers, 25557032 params, 4089184256 multiply-adds>"


@pytest.mark.parametrize("name", NAMED)
def test_totals_from_a_collapsed_walk_are_the_sums_of_the_entries(name: str) -> None:
    ledger = rf.network(name).cost()
    assert all(entry.times == 1 for entry in ledger)
    in_evaluation = [entry for entry in ledger if not entry.training_only]
    assert ledger.params == sum(entry.params for entry in ledger)
    assert ledger.weights == sum(entry.weights for entry in ledger)
    assert ledger.macs == sum(entry.macs for entry in in_evaluation)
    assert ledger.activations == sum(entry.activations for entry in in_evaluation)


def plain(ledger: rf.Ledger) -> rf.Ledger:
    """The same ledger, made of its entries."""
    return rf.Ledger(ledger.name, ledger.input, ledger.entries, ledger.trace)


@pytest.mark.parametrize("name", ["resnet18", "googlenet"])
def test_a_described_ledger_is_an_ordinary_one(name: str) -> None:
    other = plain(rf.network(name).cost())
    # Looked at before its entries are made, and after.
    for made in (False, True):
        ledger = rf.network(name).cost()
        assert not made or ledger.entries
        assert ledger == other
        assert (type(ledger), hash(ledger), str(ledger)) == (type(other), hash(other), str(other))


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda ledger: pickle.loads(pickle.dumps(ledger))])  # noqa: S301
def test_a_described_ledger_is_copied_and_pickled(again: Callable[[rf.Ledger], rf.Ledger]) -> None:
    ledger = rf.resnet(18).cost()
    assert again(ledger) == ledger == again(plain(ledger))
    assert again(ledger).params == 11_689_512  # as torchvision documents


def test_a_described_ledger_with_other_fields() -> None:
    ledger = rf.resnet(18).cost()
    assert dataclasses.replace(ledger, name="mine") == dataclasses.replace(plain(ledger), name="mine") != ledger
    # Without the first layer: 64 kernels of 7x7x3 at 112 x 112 places.
    rest = dataclasses.replace(ledger, entries=ledger.entries[1:])
    assert ledger.macs - rest.macs == 64 * 7 * 7 * 3 * 112 * 112
    with pytest.raises(dataclasses.FrozenInstanceError):
        ledger.name = "other"  # type: ignore[misc]
    with pytest.raises(AttributeError, match="no attribute 'entry'"):
        _ = ledger.entry  # type: ignore[attr-defined]
