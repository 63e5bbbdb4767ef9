"""Conventions of counters that printed the figures of zoos, against what these counters themselves answered.

Paddle's networks, pytorchcv's and the modules that a description builds are the same networks as ours; each counter was
run on its own.
"""

from collections.abc import Callable

import pytest
import timm
import timm.layers.config
import torch
from fvcore.nn import ActivationCountAnalysis
from torch import nn

import resnext_flops as rf
from resnext_flops.complexity.conventions import fvcore, paddle
from resnext_flops.complexity.conventions import timm as timms
from resnext_flops.complexity.conventions.convention import Run
from resnext_flops.complexity.ledger import Ledger
from resnext_flops.counters.fvcore_count import quiet

# Paddle ---------------------------------------------------------------------------------------------------------------

# paddle.flops() of paddlepaddle 3.3.1 on networks of paddle.vision.models, and the size of all their parameters.
PADDLE = {
    "resnet(18)": (1819066368, 11699112),
    "resnet(50)": (4111514624, 25610152),
    "resnext(50, 32, 4)": (4259383296, 25097128),
    "vgg(16)": (15483862016, 138357544),
    "torchvision:mobilenet_v2": (314194496, 3538984),
    "torchvision:mobilenet_v3_small": (59655296, 2554968),
    "torchvision:densenet121": (2865723392, 8062504),
    "torchvision:shufflenet_v2_x1_0": (148859592, 2294784),
}


def run_of(ledger: Ledger) -> Run:
    return Run(ledger.entries, ledger.trace)


@pytest.mark.parametrize("model", PADDLE)
def test_paddle_on_its_own_networks(model: str) -> None:
    ledger = rf.model(model).cost()
    assert (ledger.total("paddle"), paddle.parameters(run_of(ledger))) == PADDLE[model]


# The same on single layers of Paddle, with the input.
PADDLE_LAYERS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...], int]] = {
    "convolution": (lambda: nn.Conv2d(4, 6, 3, groups=2), (1, 4, 8, 8), 4104),
    "convolution without a bias": (lambda: nn.Conv2d(4, 6, 3, bias=False), (1, 4, 8, 8), 7776),
    "transposed convolution": (lambda: nn.ConvTranspose2d(4, 6, 3, stride=2, groups=2), (1, 4, 5, 5), 13794),
    "linear": (lambda: nn.Linear(7, 5), (1, 4, 7), 140),
    "average pool": (lambda: nn.AvgPool2d(2), (1, 4, 8, 8), 64),
    "average pool to 3 x 3": (lambda: nn.AdaptiveAvgPool2d(3), (1, 4, 8, 8), 180),
    "average pool to 1 x 1": (lambda: nn.AdaptiveAvgPool2d(1), (1, 4, 7, 7), 200),
    "max pool": (lambda: nn.MaxPool2d(2), (1, 4, 8, 8), 0),
    "leaky relu": (nn.LeakyReLU, (1, 4, 7, 7), 196),
    "prelu": (nn.PReLU, (1, 4, 7, 7), 0),
    "batch norm of rows": (lambda: nn.BatchNorm1d(4), (2, 4), 0),
    "batch norm of an image": (lambda: nn.BatchNorm2d(4), (1, 4, 7, 7), 392),
    "batch norm of a volume": (lambda: nn.BatchNorm3d(4), (1, 4, 2, 7, 7), 0),
    "layer norm": (lambda: nn.LayerNorm(7), (1, 4, 7), 0),
    "instance norm": (lambda: nn.InstanceNorm2d(4, affine=True), (1, 4, 7, 7), 0),
}


@pytest.mark.parametrize("layer", PADDLE_LAYERS)
def test_paddle_on_single_layers(layer: str) -> None:
    make, shape, answer = PADDLE_LAYERS[layer]
    assert rf.count(nn.Sequential(make()), shape).total("paddle") == answer


class Mean(nn.Module):
    """An average over two dimensions that is no module."""

    def __init__(self, *dims: int) -> None:
        super().__init__()
        self.dims = dims

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.mean(self.dims)


@pytest.mark.parametrize(("dims", "counted"), [((2, 3), True), ((1, 2), True), ((1,), False), ((3,), False)])
def test_a_mean_over_the_image_is_a_pool_where_the_rule_is_of_layers(dims: tuple[int, ...], counted: bool) -> None:
    # Channels first: 5 x 7 x 3 pixels of the first dimension. Channels last: of the last one.
    ledger = rf.count(Mean(*dims), (1, 5, 7, 3))
    assert ledger.total("paddle") == (5 * 7 * 3 + (5 if dims == (2, 3) else 3) if counted else 0)
    assert ledger.total("mmcv") == (5 * 7 * 3 if counted else 0)
    assert ledger.total("fvcore") == 0


def test_parameters_of_paddle_are_those_of_layers() -> None:
    class Tokens(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.position, self.norm, self.head = nn.Parameter(torch.zeros(4, 8)), nn.LayerNorm(8), nn.Linear(8, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            found: torch.Tensor = self.head(self.norm(x + self.position))
            return found

    ledger = rf.count(Tokens(), (1, 4, 8))
    assert ledger.params == 4 * 8 + 2 * 8 + 8 * 3 + 3
    assert paddle.parameters(run_of(ledger)) == 2 * 8 + 8 * 3 + 3


# MMCV -----------------------------------------------------------------------------------------------------------------

# get_model_complexity_info of mmcv 2.2.0, on the modules that descriptions build, and on torchvision's transformers,
# whose attention calls functions.
MMCV = {
    "resnet(50)": 4121924096,
    "resnet(50, stride_in='1x1')": 3889132544,
    "resnext(50, 32, 4)": 4273079296,
    "vgg(16, batch_norm=True)": 15530609152,
    "mobilenet_v1()": 583918592,
    "mobilenet_v2()": 320299008,
    "convnext((3, 3, 9, 3), base_width=96)": 4464225792,
    "se_resnet(50)": 3897183840,
    "alexnet()": 715552704,
    "googlenet()": 1510980560,
    "inception_v3()": 5745177632,
    "torchvision:vit_b_16": 11278840320,
    "torchvision:swin_t": 2970948864,
}


@pytest.mark.parametrize("network", MMCV)
def test_mmcv_on_the_same_modules(network: str) -> None:
    assert rf.model(network).cost().total("mmcv") == MMCV[network]


def test_mmcv_counts_layer_norms_since_version_1_3() -> None:
    network = rf.model("convnext((3, 3, 9, 3), base_width=96)").cost()
    # Stem, three between the stages, the blocks of each stage, and one before the classifier.
    pixels = {56: 96 * (1 + 1 + 3), 28: 192 * (1 + 3), 14: 384 * (1 + 9), 7: 768 * 3}
    norms = sum(side * side * features for side, features in pixels.items()) + 768
    assert network.total("mmcv") - network.total("mmcv-1.2") == 2 * norms


@pytest.mark.parametrize("affine", [True, False])
def test_mmcv_counts_a_norm_by_whether_it_has_a_scale(affine: bool) -> None:
    ledger = rf.count(nn.Sequential(nn.GroupNorm(2, 4, affine=affine)), (1, 4, 7, 7))
    assert (ledger.total("mmcv"), ledger.total("mmcv-1.2")) == (196 * (2 if affine else 1), 0)


# imgclsmob ------------------------------------------------------------------------------------------------------------

# num_flops of imgclsmob's pytorch/model_stats.py on networks of pytorchcv 0.0.74, whose ResNets stride in the 1x1.
IMGCLSMOB = {
    "resnet(50, stride_in='1x1')": 7755897664,
    "resnext(50, 32, 4)": 8511718720,
    "vgg(16)": 30960205824,
    "torchvision:densenet121": 5744259136,
    "timm:regnetx_002": 406660784,
}


@pytest.mark.parametrize("model", IMGCLSMOB)
def test_imgclsmob_on_its_own_networks(model: str) -> None:
    assert rf.model(model).cost().total("imgclsmob") == IMGCLSMOB[model]


def test_a_global_pool_of_gluon_counts_its_output_alone() -> None:
    network = rf.model("timm:regnetx_002").cost()
    assert network.total("imgclsmob") - network.total("imgclsmob-global") == 368 * (7 * 7 - 1)


class Squeezed(nn.Module):
    """An image that is scaled by what is made of its averages, then cut by a row, and averaged."""

    def __init__(self) -> None:
        super().__init__()
        self.pool, self.scale = nn.AdaptiveAvgPool2d(1), nn.Conv2d(4, 4, 1, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.pool((x * self.scale(self.pool(x)).sigmoid())[:, :, 1:])
        return found


def test_of_averages_over_the_image_imgclsmob_counts_the_last_one() -> None:
    ledger = rf.count(Squeezed(), (1, 4, 5, 5))
    # A convolution of 4 x 4 channels on one pixel, one less for each pair of channels; 4 for each sigmoid.
    scale = (2 * 16 - 16) + 4 * 4
    assert ledger.total("imgclsmob") == scale + 4 * 4 * 5
    assert ledger.total("imgclsmob-global") == scale + 4


def test_operations_of_imgclsmob_on_single_layers() -> None:
    for layer, expected in (
        (nn.Conv2d(4, 6, 3, groups=2), 2 * 6 * 2 * 9 * 36),
        (nn.Conv2d(4, 6, 3, groups=2, bias=False), 2 * 6 * 2 * 9 * 36 - 4 * 6 // 2),
        (nn.BatchNorm2d(4), 4 * 256),
        (nn.MaxPool2d(2), 4 * 16 * 4),
        (nn.ReLU6(), 256),
        (nn.Hardswish(), 2 * 256),
        (nn.Hardsigmoid(), 256),
        (nn.SiLU(), 5 * 256),
        (nn.GELU(), 0),
    ):
        assert rf.count(nn.Sequential(layer), (1, 4, 8, 8)).total("imgclsmob") == expected, layer
    assert rf.count(nn.Sequential(nn.Linear(7, 5, bias=False)), (1, 7)).total("imgclsmob") == (2 * 7 - 1) * 5


# thop of 2019 ---------------------------------------------------------------------------------------------------------

# thop at commit 176c407, which adds up in floats of 32 bits: here of 64.
THOP_2019 = {
    "vgg11": 7740190744,
    "resnet50": 4135789592,
    "mobilenet_v2": 328765720,
    "squeezenet1_0": 823440824,
    "densenet121": 2898381336,
    "shufflenet_v2_x1_0": 153731792,
    "vit_b_16": 22417716248,
    "swin_t": 5904792344,
    "googlenet": 1512355032,
}


@pytest.mark.parametrize("model", THOP_2019)
def test_thop_as_its_readme_was_made(model: str) -> None:
    assert rf.count(f"torchvision:{model}").total("thop-2019") == THOP_2019[model]


class Twins(nn.Module):
    """Two parents with one child, which runs in each."""

    def __init__(self) -> None:
        super().__init__()
        child = nn.Linear(4, 4)
        self.first, self.second = nn.Sequential(child), nn.Sequential(child)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.second(self.first(x))
        return found


def test_thop_of_2019_counts_a_call_once_for_each_parent() -> None:
    assert rf.count(Twins(), (1, 4)).total("thop-2019") == 2 * 2 * (2 * 4 - 1) * 4 == 112  # as it printed, too


@pytest.mark.parametrize(("model", "billions"), [("alexnet", "0.77"), ("vgg11", "7.74"), ("vgg19", "19.77")])
def test_figures_of_its_readme_that_the_later_thop_does_not_give(model: str, billions: str) -> None:
    ledger = rf.count(f"torchvision:{model}")
    assert f"{ledger.total('thop-2019') / 1e9:.2f}" == billions != f"{ledger.total('thop') / 1e9:.2f}"


# Activations ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["vit_tiny_patch16_224", "xcit_nano_12_p16_224", "levit_128s", "regnety_002"])
@pytest.mark.parametrize("fused", [True, False])
def test_activations_are_fvcores_with_fused_attention_and_without(name: str, fused: bool) -> None:
    timm.layers.config.set_fused_attn(fused)
    try:
        model = timm.create_model(name).eval()
    finally:
        timm.layers.config.set_fused_attn(True)
    shape = (1, 3, 224, 224)
    with quiet():
        theirs = ActivationCountAnalysis(model, torch.zeros(shape)).total()
    run = run_of(rf.count(model, shape))
    assert fvcore.activations(run) == theirs
    assert timms.activations(run) == theirs or fused


def test_timms_activations_are_those_of_unfused_attention_whatever_is_counted() -> None:
    run = run_of(rf.count("timm:vit_tiny_patch16_224"))
    timm.layers.config.set_fused_attn(False)
    try:
        unfused = run_of(rf.count(timm.create_model("vit_tiny_patch16_224").eval(), (1, 3, 224, 224)))
    finally:
        timm.layers.config.set_fused_attn(True)
    assert timms.activations(run) == timms.activations(unfused) == fvcore.activations(unfused)


MATRIX, ROWS = torch.ones(4, 4), torch.ones(1, 3, 4)
# What fvcore sees of each, in elements of the output.
SEEN: dict[str, tuple[Callable[[torch.Tensor], torch.Tensor], int]] = {
    "matmul": (lambda x: x @ MATRIX, 12),
    "bmm": (lambda x: torch.bmm(x, x.transpose(1, 2)), 9),
    "addmm": (lambda x: torch.addmm(MATRIX[:3], x[0], MATRIX), 12),
    "linear": (lambda x: nn.functional.linear(x, MATRIX), 12),
    "einsum": (lambda x: torch.einsum("bnc,bmc->bnm", x, x), 9),
    "mm": (lambda x: torch.mm(x[0], MATRIX), 0),
    "baddbmm": (lambda x: torch.baddbmm(x[:, :, :3], x, x.transpose(1, 2)), 0),
    "padding=same": (lambda x: nn.functional.conv1d(x, torch.ones(2, 3, 3), padding="same"), 0),
    "padding=1": (lambda x: nn.functional.conv1d(x, torch.ones(2, 3, 3), padding=1), 8),
}


class Calls(nn.Module):
    """One function."""

    def __init__(self, call: Callable[[torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.call = call

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.call(x)


@pytest.mark.parametrize("name", SEEN)
def test_activations_of_single_operators(name: str) -> None:
    call, expected = SEEN[name]
    with quiet():
        theirs = ActivationCountAnalysis(Calls(call), ROWS).total()
    assert fvcore.activations(run_of(rf.count(Calls(call), tuple(ROWS.shape)))) == theirs == expected
