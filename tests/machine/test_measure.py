"""Measuring with a clock of our own: no test asserts a time."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner
from torch import nn

import resnext_flops as rf
import resnext_flops.machine.measure as measuring
from resnext_flops.cli import main
from resnext_flops.complexity.layers import Conv, Description, MaxPool, ReLU, Sequential
from resnext_flops.complexity.network import Network
from resnext_flops.machine.measure import Machine, measure, stopwatch
from resnext_flops.show.render import to_text
from resnext_flops.tables import measurements
from tests.enveloped import answered

SMALL = rf.resnet_cifar(8, base_width=2, resolution=8)
WIDE = rf.resnet_cifar(8, base_width=4, resolution=8)
MACHINE = Machine("cpu", 1, "0.0.0", 1e12, 1e9)


class Clock:
    """Each look at it is one second later than the one before."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1
        return self.now


@pytest.fixture(autouse=True)
def no_probe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "probe", lambda place, dtype, clock: MACHINE)


def test_figures_of_a_run_of_one_second() -> None:
    found = measure(SMALL, WIDE, batch=[1, 4], device="cpu", clock=Clock())
    assert [(each.network, each.batch) for each in found.models] == [(SMALL, 1), (WIDE, 1), (SMALL, 4), (WIDE, 4)]
    for each in found.models:
        assert each.seconds is not None
        assert (each.seconds.median, each.seconds.values) == (1.0, 6)
        assert each.ratio is not None
        assert each.ratio.median == 1.0
        # Two a multiply-add, in one second.
        assert each.flops == each.achieved() == 2 * each.batch * each.network.cost().macs
        assert isinstance(each.network, Network)
        assert each.intensity == Fraction(each.flops, each.network.memory(each.batch).moved)
        assert each.peak is None
    assert found.failures == ()


def test_the_roofline() -> None:
    each = measure(SMALL, device="cpu", clock=Clock()).models[0]
    # A byte takes a nanosecond and a FLOP a picosecond: bytes are what is waited for below 1000 FLOPs a byte.
    assert each.intensity is not None
    assert each.intensity < 1000
    assert each.attainable(MACHINE) == pytest.approx(float(each.intensity) * 1e9)
    assert each.attainable(MACHINE._replace(bytes_per_second=1e30)) == 1e12


def test_a_training_step_saves_what_is_predicted() -> None:
    for optimizer in ("sgd", "adam"):
        each = measure(SMALL, batch=2, device="cpu", training=True, optimizer=optimizer, clock=Clock()).models[0]
        assert each.flops == 2 * 2 * SMALL.cost().training_macs
        assert each.memory is not None
        assert each.saved == each.memory.kept
        assert each.moved == each.memory.moved_in_training


def test_a_convention_counts_the_flops() -> None:
    each = measure(SMALL, device="cpu", convention="fvcore", clock=Clock()).models[0]
    assert each.flops == 2 * SMALL.cost().total("fvcore")


@pytest.mark.parametrize("setting", [{"channels_last": True}, {"dtype": "bfloat16"}, {"dtype": "float16"}])
def test_layouts_and_dtypes_run(setting: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[torch.Tensor] = []

    def spy(run: Callable[..., object], model: nn.Module, inputs: torch.Tensor) -> Callable[[], object]:
        seen.append(inputs)
        return lambda: run(inputs)

    monkeypatch.setattr(measuring, "_pass", spy)
    assert measure(SMALL, device="cpu", clock=Clock(), **setting).failures == ()
    assert seen[0].dtype == getattr(torch, str(setting.get("dtype", "float32")))
    assert seen[0].is_contiguous(memory_format=torch.channels_last) == ("channels_last" in setting)


def test_compile_runs_what_torch_makes_of_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[nn.Module] = []

    def fake(model: nn.Module) -> nn.Module:
        compiled.append(model)
        return model

    monkeypatch.setattr(torch, "compile", fake)
    assert measure(SMALL, device="cpu", compile=True, clock=Clock()).failures == ()
    assert len(compiled) == 1


def test_what_does_not_fit_is_said_and_the_others_go_on() -> None:
    found = measure(SMALL, WIDE.replace(resolution=2**20), device="cpu", clock=Clock())
    assert found.models[0].seconds is not None
    assert found.models[1].seconds is None
    assert found.failures[0].startswith("resnet_cifar(8, resolution=1048576, base_width=4) with a batch of 1 needs ")
    assert found.failures[0].endswith("try a smaller resolution")
    table = measurements.times(found)
    assert "milliseconds" not in table.rows[1]


def test_a_first_model_that_fails_leaves_no_ratios() -> None:
    found = measure(WIDE.replace(resolution=2**20), SMALL, device="cpu", clock=Clock())
    assert found.models[1].seconds is not None
    assert found.models[1].ratio is None


def test_torchs_own_error_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Network, *arguments: object) -> nn.Module:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB.\nSee the documentation.")

    monkeypatch.setattr(Network, "to_torch", refuse)
    found = measure(SMALL, device="cpu", clock=Clock())
    assert found.failures == (
        "resnet_cifar(8, resolution=8, base_width=2) with a batch of 1 did not run on cpu: "
        "CUDA out of memory. Tried to allocate 2 GiB",
    )


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"dtype": "int8"}, "unknown dtype 'int8'; known are float32, bfloat16, float16"),
        ({"dtypes": "float32"}, "unknown setting 'dtypes'; did you mean 'dtype'"),
        ({"device": "tpu"}, "unknown device 'tpu'"),
        (
            {"convention": "fvcor"},
            "unknown convention 'fvcor'; 3 names begin with it: fvcore, ",
        ),
        ({"convention": "fvcore", "training": True}, "counts the forward pass only"),
        ({"optimizer": "lion"}, "unknown optimizer 'lion'"),
        ({"precision": 0.0}, r"precision is 0\.0; it must be a finite number above 0"),
        ({"batch": 0}, "batch is 0"),
    ],
)
def test_bad_input(settings: dict[str, object], sentence: str) -> None:
    with pytest.raises(rf.InputError, match=sentence):
        measure(SMALL, clock=Clock(), **{"device": "cpu", **settings})  # type: ignore[arg-type]


def test_nothing_to_measure() -> None:
    with pytest.raises(rf.InputError, match="there is nothing to measure"):
        measure()


def test_a_dtype_that_the_device_cannot_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()

    def refuse(*arguments: object, **options: object) -> torch.Tensor:
        raise RuntimeError("\"addmm_impl_cpu_\" not implemented for 'Half'\nmore")

    monkeypatch.setattr(torch, "mm", refuse)
    with pytest.raises(
        rf.InputError, match="dtype 'float16' cannot be used on cpu: \"addmm_impl_cpu_\" not implemented"
    ):
        measuring.probe(torch.device("cpu"), "float16", Clock())


def test_the_probes_by_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setitem(measuring.PROBES, "cpu", measuring.Probe(8, 1024))
    machine = measuring.probe(torch.device("cpu"), "float32", Clock())
    # 8^3 multiply-adds of two FLOPs in one second; half of the bytes are read and half are written.
    assert (machine.flops_per_second, machine.bytes_per_second) == (2 * 8**3, 1024)


def test_the_stopwatch_of_the_cpu() -> None:
    assert stopwatch(torch.device("cpu"), lambda: None, Clock())() == 1.0


def test_the_command_goes_on_after_a_failure_and_ends_with_2() -> None:
    calls = ["resnet_cifar(8, base_width=2)", "resnet_cifar(8, resolution=1048576)"]
    arguments = ["measure", *calls, "--device", "cpu", "--seconds", "0.01", "--format", "json"]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2
    assert result.stderr.startswith("resnext-flops: resnet_cifar(8, resolution=1048576) with a batch of 1 needs ")
    times, memory = answered(result.stdout)
    assert [row["turns"] is None for row in times["rows"]] == [False, True]
    assert [row["macs"] for row in times["rows"]] == [rf.network(call).cost().macs for call in calls]
    assert memory["rows"][0]["weights"] == 4 * rf.network(calls[0]).cost().params


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_on_cuda() -> None:
    each = measure(SMALL, device="cuda", training=True, batch=2).models[0]
    assert each.seconds is not None
    assert each.peak is not None
    assert each.memory is not None
    assert each.peak >= each.memory.weights


def test_section_5_1(monkeypatch: pytest.MonkeyPatch) -> None:
    networks = measurements.paper_networks()
    assert next(repr(each) for each in networks) == "resnet(101)"

    def tiny(self: Network, *arguments: object) -> nn.Module:
        return nn.Sequential(nn.Flatten(), nn.Linear(3 * 224 * 224, 2))

    monkeypatch.setattr(Network, "to_torch", tiny)
    table = measurements.section_5_1(measure(*networks, device="cpu", clock=Clock()))
    by_setting = {row["setting"]: row for row in table.rows}
    # The paper's seconds: 0.70 for ResNet-101, 0.95 and 1.7 for ResNeXt-101 32x4d and 64x4d.
    assert by_setting["32x4d"]["paper_ratio"] == pytest.approx(0.95 / 0.70)
    assert by_setting["64x4d"]["paper_ratio"] == pytest.approx(1.7 / 0.70)
    assert by_setting["64x4d"]["ratio"] == 1.0
    with pytest.raises(rf.InputError, match=r"ratios to resnet\(101\), so that has to be measured first"):
        measurements.section_5_1(measure(SMALL, device="cpu", clock=Clock()))


def test_a_difference_of_memory_is_told_by_kind_of_layer() -> None:
    body = Sequential.of(conv=Conv(4, 1), relu=ReLU(), pool=MaxPool(2, 2))
    network = rf.described(Description((3, 4, 4), body), "mine")
    found = measure(network, device="cpu", training=True, clock=Clock())
    each = found.models[0]
    assert each.saved is not None
    wrong = each._replace(saved={**each.saved, "pool": each.saved["pool"] + 8, "other": 1})
    assert all(row["agrees"] for row in measurements.memory(found).rows)
    note = measurements.memory(found._replace(models=(wrong,))).notes[-1]
    assert note == "torch saved otherwise in mine with a batch of 1: max pool +8, outside the layers +1 bytes."


FACTORY = """
from torch import nn

def net():
    return nn.Sequential(nn.Conv2d(3, 4, 8, stride=8, bias=False), nn.ReLU(), nn.Conv2d(4, 2, 1, bias=False))
"""
# On the usual image of 224x224 pixels; the gradient of the image is not needed.
FIRST, SECOND = 8 * 8 * 3 * 4 * 28 * 28, 4 * 2 * 28 * 28


@pytest.fixture
def real(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a real model that nothing describes."""
    name = f"measured_{tmp_path.name.replace('-', '_')}"
    (tmp_path / f"{name}.py").write_text(FACTORY)
    monkeypatch.chdir(tmp_path)
    return f"{name}:net"


def test_real_models_are_measured_beside_described_ones(real: str) -> None:
    found = measure(real, SMALL, device="cpu", clock=Clock())
    first, described = found.models
    assert first.flops == 2 * (FIRST + SECOND)
    assert described.flops == 2 * SMALL.cost().macs
    assert first.memory is not None
    # Four bytes for each element that the convolutions and the ReLU read and write, and for each weight.
    image, middle, weights = 3 * 224 * 224, 4 * 28 * 28, 8 * 8 * 3 * 4 + 4 * 2
    assert first.memory.weights == 4 * weights
    assert first.moved == 4 * (image + middle + 2 * middle + middle + 2 * 28 * 28 + weights)
    assert first.seconds is not None
    assert real in to_text(measurements.memory(found))
    assert real in to_text(measurements.times(found))


def test_the_training_step_of_a_real_model(real: str) -> None:
    each = measure(real, batch=2, device="cpu", training=True, clock=Clock()).models[0]
    assert each.flops == 2 * 2 * (2 * FIRST + 3 * SECOND)
    # The first convolution keeps its image, and ReLU its output, which is the input of the second.
    assert each.saved == {"0": 4 * 2 * 3 * 224 * 224, "1": 4 * 2 * 4 * 28 * 28}
    assert each.memory is not None
    assert each.memory.kept == each.saved


def test_a_real_model_that_does_not_exist() -> None:
    with pytest.raises(rf.InputError, match="unknown model of torchvision 'resnet19'; did you mean 'resnet1"):
        measure("torchvision:resnet19", device="cpu")
