"""Faults that the issue trackers of counters report, each as a case, with the thread that reports it."""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from resnext_flops.proof.conformance.case import Case, One, Two, group, weight
from resnext_flops.proof.conformance.verdicts import CRASHED, REFUSED, SILENT, WARNED, WRONG


class Reported(NamedTuple):
    """A fault that a thread reports.

    counter: the counter that the thread is about, by our name for it. calflops is a copy of DeepSpeed's profiler, and
        has the faults that it was copied with.
    links: the thread, or several. says: what it says, in a few words.
    fault: what the counter does there: ZERO, OTHER or FAILS.
    """

    case: Case
    counter: str
    links: tuple[str, ...]
    says: str
    fault: str

    def shown_by(self, verdict: str) -> bool:
        """Whether a verdict on the counter shows the fault, as it is reported.

        >>> [fault.shown_by("zero, silently") for fault in REPORTED if fault.case.name == "reported/attention"][0]
        True
        """
        return verdict in SHOWN[self.fault]


ZERO, OTHER, FAILS = "it counts 0", "it counts another figure", "it fails"
SHOWN = {ZERO: {SILENT, WARNED}, OTHER: {WRONG}, FAILS: {REFUSED, CRASHED}}


def _by(name: str, *shape: int) -> Callable[[], nn.Module]:
    """Makes a module that multiplies its input by a parameter. The function is looked up in each run, as usual."""
    return lambda: One(lambda m, x: getattr(torch, name)(x, m.own), own=weight(*shape))


def _shared(times: int) -> nn.Module:
    """Blocks that run one after another, and that all hold the same linear layer."""
    layer = nn.Linear(4, 4)
    return nn.Sequential(*(nn.Sequential(layer) for _ in range(times)))


def _frozen(module: nn.Module) -> nn.Module:
    return module.requires_grad_(requires_grad=False)


def _deformable() -> nn.Module:
    from torchvision.ops import DeformConv2d

    made: nn.Module = DeformConv2d(2, 3, 3, padding=1)
    return made


def _inference(module: Any, x: Tensor) -> Any:
    with torch.inference_mode():
        return module.layer(x)


_CASES = {
    case.name.partition("/")[2]: case
    for case in [
        *group(
            "reported",
            [
                (
                    "attention",
                    "attention as one function, to keys and values that are parameters",
                    lambda: One(
                        lambda m, q: functional.scaled_dot_product_attention(q, m.keys, m.values),
                        keys=weight(1, 2, 6, 4),
                        values=weight(1, 2, 6, 4),
                    ),
                    ((1, 2, 3, 4),),
                    "2*3*6*4 + 2*3*6*4",
                ),
                (
                    "matmul-operator",
                    "a product written with the operator @",
                    lambda: One(lambda m, x: x @ m.own, own=weight(4, 5)),
                    ((3, 4),),
                    "3*4*5",
                ),
                ("matmul", "a product by torch.matmul", _by("matmul", 4, 5), ((3, 4),), "3*4*5"),
                ("mm", "a product by torch.mm", _by("mm", 4, 5), ((3, 4),), "3*4*5"),
                ("bmm", "a batch of products by torch.bmm", _by("bmm", 2, 4, 5), ((2, 3, 4),), "2*3*4*5"),
                (
                    "baddbmm",
                    "a batch of products to which something is added",
                    lambda: Two(lambda m, x, y: torch.baddbmm(x, y, m.own), own=weight(2, 4, 5)),
                    ((2, 3, 5), (2, 3, 4)),
                    "2*3*4*5",
                ),
                ("vector-by-vector", "torch.matmul of two vectors", _by("matmul", 8), ((8,),), "8"),
                ("matrix-by-vector", "torch.matmul of a matrix and a vector", _by("matmul", 8), ((4, 8),), "4*8"),
                (
                    "broadcast-matmul",
                    "torch.matmul of batches of which each is repeated for the other",
                    _by("matmul", 3, 8, 5),
                    ((2, 1, 4, 8),),
                    "2*3*4*8*5",
                ),
                (
                    "einsum",
                    "a product written as an einsum",
                    lambda: One(lambda m, x: torch.einsum("bij,bjk->bik", x, m.own), own=weight(2, 4, 5)),
                    ((2, 3, 4),),
                    "2*3*4*5",
                ),
                (
                    "parameter",
                    "a linear layer written with a parameter of its own",
                    lambda: One(lambda m, x: functional.linear(x, m.own), own=weight(5, 4)),
                    ((3, 4),),
                    "3*4*5",
                ),
                (
                    "linear-with-tokens",
                    "a linear layer of three dimensions",
                    lambda: nn.Linear(4, 5),
                    ((2, 6, 4),),
                    "2*6*4*5",
                ),
                (
                    "bilinear",
                    "a bilinear layer",
                    lambda: nn.Bilinear(3, 4, 5),
                    ((2, 3), (2, 4)),
                    "2*5*3*4 + 2*5*4",
                    lambda m, x, y: torch.einsum("boj,bj->bo", torch.einsum("bi,oij->boj", x, m.weight), y) + m.bias,
                ),
                (
                    "conv-1d",
                    "a convolution of one dimension",
                    lambda: nn.Conv1d(3, 5, 3, padding=1),
                    ((1, 3, 8),),
                    "8*5*3*3",
                ),
                (
                    "unbatched-conv",
                    "a convolution of one example without a batch",
                    lambda: nn.Conv1d(2, 3, 3),
                    ((2, 8),),
                    "6*3*2*3",
                ),
                (
                    "conv-as-model",
                    "a convolution that is the whole model",
                    lambda: nn.Conv2d(3, 3, 3),
                    ((1, 3, 3, 3),),
                    "3*3*3*3",
                ),
                (
                    "stride-list",
                    "a convolution called with a list for its stride",
                    lambda: One(lambda m, x: functional.conv2d(x, m.own, stride=[2, 2]), own=weight(3, 2, 3, 3)),
                    ((1, 2, 7, 7),),
                    "3*3*3*2*3*3",
                ),
                (
                    "padding-same",
                    "a convolution whose padding is a word",
                    lambda: nn.Conv2d(2, 3, 3, padding="same"),
                    ((1, 2, 5, 5),),
                    "5*5*3*2*3*3",
                ),
                (
                    "transposed",
                    "a transposed convolution with a stride",
                    lambda: nn.ConvTranspose2d(3, 1, 2, stride=2),
                    ((1, 3, 2, 2),),
                    "2*2*3*1*2*2",
                ),
                (
                    "transposed-to-one",
                    "a transposed convolution from many channels to one",
                    lambda: nn.ConvTranspose2d(8, 1, 3),
                    ((1, 8, 1, 1),),
                    "8*1*3*3",
                ),
                (
                    "transposed-depthwise",
                    "a transposed convolution with a group for each channel",
                    lambda: nn.ConvTranspose2d(4, 4, 3, stride=2, padding=1, output_padding=1, groups=4),
                    ((1, 4, 3, 3),),
                    "3*3*4*3*3",
                ),
                (
                    "transposed-grouped",
                    "a transposed convolution with groups",
                    lambda: nn.ConvTranspose2d(6, 6, 2, stride=2, groups=3),
                    ((1, 6, 3, 3),),
                    "3*3*6*2*2*2",
                ),
                (
                    "deformable",
                    "a deformable convolution, with offsets of zero",
                    _deformable,
                    ((1, 2, 4, 4), lambda: torch.zeros(1, 18, 4, 4)),
                    "4*4*3*2*3*3",
                    lambda m, x, _: functional.conv2d(x, m.weight, m.bias, padding=1),
                ),
                (
                    "nested",
                    "layers inside of containers",
                    lambda: nn.Sequential(nn.Sequential(nn.Conv2d(2, 2, 3), nn.Conv2d(2, 2, 3))),
                    ((1, 2, 6, 6),),
                    "4*4*2*2*3*3 + 2*2*2*2*3*3",
                ),
                (
                    "shared-by-two",
                    "one layer in two blocks, each of which runs it",
                    lambda: _shared(2),
                    ((1, 4),),
                    "2*4*4",
                ),
                (
                    "shared-by-three",
                    "one layer in three blocks, each of which runs it",
                    lambda: _shared(3),
                    ((1, 4),),
                    "3*4*4",
                ),
                ("lstm", "an LSTM", lambda: nn.LSTM(3, 4), ((5, 1, 3),), "5*(4*4*3 + 4*4*4)"),
                ("gru", "a GRU", lambda: nn.GRU(3, 4), ((5, 1, 3),), "5*(3*4*3 + 3*4*4)"),
                (
                    "projected-lstm",
                    "an LSTM whose state is projected to a smaller one",
                    lambda: nn.LSTM(3, 4, proj_size=2),
                    ((5, 1, 3),),
                    "5*(4*4*3 + 4*4*2 + 2*4)",
                ),
                (
                    "multi-head-attention",
                    "multi-head attention as a module",
                    lambda: nn.MultiheadAttention(4, 2, batch_first=True),
                    ((1, 5, 4),) * 3,
                    "4*5*4*4 + 2*5*5*4",
                ),
                (
                    "frozen-encoder",
                    "a transformer's encoder whose parameters need no gradients",
                    lambda: _frozen(nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 6, batch_first=True), 1)),
                    ((1, 5, 4),),
                    "4*5*4*4 + 2*5*5*4 + 2*5*4*6",
                    lambda m, x: m.requires_grad_()(x),
                ),
                (
                    "inference-mode",
                    "a layer that runs in inference mode",
                    lambda: One(_inference, layer=nn.Linear(4, 5)),
                    ((3, 4),),
                    "3*4*5",
                    lambda m, x: m.layer(x),
                ),
            ],
        ),
        *group(
            "reported",
            [
                (
                    "grouped-backward",
                    "a step of training of a grouped convolution: forward, and the gradient of the weight",
                    lambda: nn.Conv2d(4, 6, 3, groups=2),
                    ((1, 4, 5, 5),),
                    "2*(3*3*6*2*3*3)",
                ),
                (
                    "transposed-backward",
                    "a step of training of two layers, of which the second is a transposed convolution",
                    lambda: nn.Sequential(nn.Conv2d(2, 3, 1), nn.ConvTranspose2d(3, 4, 2, stride=2)),
                    ((1, 2, 3, 3),),
                    "2*(3*3*2*3) + 3*(3*3*3*4*2*2)",
                ),
            ],
            training=True,
        ),
    ]
}

_PTFLOPS = "https://github.com/sovrasov/flops-counter.pytorch"
_THOP = "https://github.com/Lyken17/pytorch-OpCounter"
_ULTRALYTICS = "https://github.com/ultralytics/thop"
_FVCORE = "https://github.com/facebookresearch/fvcore"
_TORCH = "https://github.com/pytorch/pytorch"
_TORCHINFO = "https://github.com/TylerYep/torchinfo"
_CALFLOPS = "https://github.com/MrYxJ/calculate-flops.pytorch"
_DEEPSPEED = "https://github.com/deepspeedai/DeepSpeed"
_TORCHPROFILE = "https://github.com/zhijian-liu/torchprofile"
_TORCH_FLOPS = "https://github.com/zugexiaodui/torch_flops"

REPORTED: tuple[Reported, ...] = tuple(
    Reported(_CASES[case], counter, tuple(links), says, fault)
    for case, counter, fault, links, says in [
        ("attention", "torch", ZERO, [f"{_TORCH}/issues/195460"], "attention on a CPU counts 0; on a GPU it counts"),
        (
            "grouped-backward",
            "torch",
            OTHER,
            [f"{_TORCH}/pull/183405"],
            "the gradient of a grouped convolution's weight counts too much",
        ),
        (
            "transposed-backward",
            "torch",
            OTHER,
            [f"{_TORCH}/issues/119806", f"{_TORCH}/pull/119874"],
            "the gradients of a transposed convolution count far too much",
        ),
        ("inference-mode", "torch", ZERO, [f"{_TORCH}/issues/126268"], "what runs in inference mode counts 0"),
        ("lstm", "fvcore", ZERO, [f"{_FVCORE}/issues/98"], "aten::lstm is not supported and counts 0"),
        ("baddbmm", "fvcore", ZERO, [f"{_FVCORE}/issues/117"], "baddbmm is not supported"),
        ("deformable", "fvcore", ZERO, [f"{_FVCORE}/issues/121"], "a deformable convolution counts 0"),
        (
            "transposed-to-one",
            "fvcore",
            OTHER,
            [f"{_FVCORE}/issues/78", f"{_FVCORE}/pull/80"],
            "a transposed convolution squares its output channels",
        ),
        ("bmm", "fvcore", ZERO, [f"{_FVCORE}/issues/49"], "bmm is not counted"),
        (
            "shared-by-two",
            "ptflops-pytorch",
            OTHER,
            [f"{_PTFLOPS}/issues/106"],
            "a module counts once more for each module that shares it",
        ),
        (
            "frozen-encoder",
            "ptflops-pytorch",
            ZERO,
            [f"{_PTFLOPS}/issues/101"],
            "attention whose parameters need no gradients counts 0: torch then calls no module inside",
        ),
        ("einsum", "ptflops-pytorch", ZERO, [f"{_PTFLOPS}/issues/105"], "an einsum cannot be tracked"),
        ("bmm", "ptflops-pytorch", ZERO, [f"{_PTFLOPS}/issues/78"], "bmm and matmul count 0"),
        (
            "linear-with-tokens",
            "ptflops-pytorch",
            OTHER,
            [f"{_PTFLOPS}/issues/28"],
            "the second dimension of a linear layer's input is dropped",
        ),
        ("multi-head-attention", "ptflops-pytorch", ZERO, [f"{_PTFLOPS}/issues/65"], "multi-head attention counts 0"),
        (
            "transposed",
            "ptflops-pytorch",
            OTHER,
            [f"{_PTFLOPS}/issues/149", f"{_PTFLOPS}/issues/57"],
            "a transposed convolution counts by the pixels of its output",
        ),
        ("multi-head-attention", "thop", ZERO, [f"{_THOP}/issues/197"], "multi-head attention counts 0"),
        (
            "parameter",
            "thop",
            ZERO,
            [f"{_THOP}/issues/197"],
            "what is computed with a parameter of the module itself counts 0",
        ),
        ("matmul", "thop", ZERO, [f"{_THOP}/issues/213", f"{_THOP}/issues/167"], "torch.matmul counts 0"),
        ("einsum", "thop", ZERO, [f"{_THOP}/issues/174"], "einsum is not supported"),
        (
            "shared-by-two",
            "thop",
            OTHER,
            [f"{_THOP}/issues/98"],
            "a layer that two modules share counts four times, not twice",
        ),
        (
            "transposed",
            "thop",
            OTHER,
            [f"{_THOP}/issues/93"],
            "a transposed convolution counts by the pixels of its output",
        ),
        (
            "unbatched-conv",
            "thop",
            OTHER,
            [f"{_THOP}/issues/212"],
            "a convolution without a batch counts by the wrong dimension",
        ),
        ("lstm", "thop", ZERO, [f"{_THOP}/issues/67", f"{_THOP}/issues/50"], "an LSTM is not counted"),
        (
            "conv-as-model",
            "thop",
            ZERO,
            [f"{_THOP}/issues/119", f"{_THOP}/pull/110"],
            "a convolution that is the whole model counts 0",
        ),
        (
            "transposed",
            "ultralytics-thop",
            OTHER,
            [f"{_ULTRALYTICS}/issues/92", f"{_ULTRALYTICS}/pull/93"],
            "a transposed convolution counts by the pixels of its output",
        ),
        (
            "multi-head-attention",
            "ultralytics-thop",
            ZERO,
            [f"{_ULTRALYTICS}/pull/157"],
            "multi-head attention counts 0",
        ),
        ("bilinear", "ultralytics-thop", ZERO, [f"{_ULTRALYTICS}/pull/158"], "a bilinear layer counts 0"),
        (
            "projected-lstm",
            "ultralytics-thop",
            OTHER,
            [f"{_ULTRALYTICS}/pull/160"],
            "the projection of an LSTM is not looked at",
        ),
        (
            "linear-with-tokens",
            "torchinfo",
            OTHER,
            [f"{_TORCHINFO}/issues/77", f"{_TORCHINFO}/pull/318"],
            "the second dimension of a linear layer's input is dropped",
        ),
        (
            "multi-head-attention",
            "torchinfo",
            ZERO,
            [f"{_TORCHINFO}/issues/226"],
            "the figure of a transformer is far too small",
        ),
        (
            "lstm",
            "torchinfo",
            OTHER,
            [f"{_TORCHINFO}/issues/32", f"{_TORCHINFO}/pull/34"],
            "the length of an LSTM's sequence is dropped",
        ),
        (
            "nested",
            "torchinfo",
            OTHER,
            [f"{_TORCHINFO}/issues/39"],
            "layers inside of containers count once more for the container",
        ),
        (
            "attention",
            "calflops",
            ZERO,
            [f"{_CALFLOPS}/issues/48", f"{_DEEPSPEED}/issues/4723"],
            "attention as one function is not counted",
        ),
        (
            "matmul-operator",
            "calflops",
            ZERO,
            [f"{_CALFLOPS}/issues/48", f"{_DEEPSPEED}/issues/4723"],
            "the operator @ is not counted",
        ),
        ("gru", "calflops-macs", ZERO, [f"{_CALFLOPS}/issues/55"], "a GRU has 0 MACs"),
        (
            "stride-list",
            "calflops",
            FAILS,
            [f"{_CALFLOPS}/issues/11"],
            "it fails where a convolution's stride is a list",
        ),
        ("mm", "calflops", ZERO, [f"{_DEEPSPEED}/issues/1467"], "torch.mm is missed"),
        ("bmm", "calflops", ZERO, [f"{_DEEPSPEED}/issues/1467"], "torch.bmm is missed"),
        ("baddbmm", "calflops", ZERO, [f"{_DEEPSPEED}/issues/1467"], "torch.baddbmm is missed"),
        (
            "transposed-depthwise",
            "calflops",
            ZERO,
            [f"{_DEEPSPEED}/pull/8323"],
            "a depthwise transposed convolution has 0 MACs",
        ),
        (
            "transposed-grouped",
            "calflops",
            ZERO,
            [f"{_DEEPSPEED}/pull/8323"],
            "one of 6 channels in 3 groups has 0 MACs, too",
        ),
        (
            "shared-by-three",
            "calflops",
            OTHER,
            [f"{_DEEPSPEED}/issues/7256"],
            "three layers that share their weights count nine times, not thrice",
        ),
        (
            "vector-by-vector",
            "calflops",
            OTHER,
            [f"{_DEEPSPEED}/pull/8419"],
            "a product of two vectors of 8 counts 64, not 8",
        ),
        (
            "matrix-by-vector",
            "calflops",
            OTHER,
            [f"{_DEEPSPEED}/pull/8419"],
            "a product of a 4 x 8 matrix and a vector counts 256, not 32",
        ),
        (
            "broadcast-matmul",
            "calflops",
            OTHER,
            [f"{_DEEPSPEED}/pull/8419"],
            "a product that is repeated counts 320, not 960",
        ),
        (
            "transposed-to-one",
            "calflops",
            OTHER,
            [f"{_DEEPSPEED}/issues/3815"],
            "a transposed convolution takes its input channels for its output channels",
        ),
        (
            "conv-1d",
            "calflops",
            OTHER,
            [f"{_DEEPSPEED}/issues/1949", f"{_DEEPSPEED}/pull/1518"],
            "a convolution of one dimension has a negative figure",
        ),
        (
            "padding-same",
            "calflops",
            FAILS,
            [f"{_DEEPSPEED}/pull/3169"],
            "it fails where a convolution's padding is a word",
        ),
        ("lstm", "torchprofile", ZERO, [f"{_TORCHPROFILE}/issues/4"], "aten::lstm has no handler"),
        ("attention", "torch-flops", ZERO, [f"{_TORCH_FLOPS}/issues/23"], "attention is not supported"),
    ]
)
