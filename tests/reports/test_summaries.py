"""What the summaries say: their figures against arithmetic, for models of many kinds and for the paper."""

import re
from decimal import Decimal
from fractions import Fraction

import torch
from torch import Tensor, nn

import resnext_flops as rf
from resnext_flops.complexity.conventions import CONVENTIONS
from resnext_flops.counters.lookup import built
from resnext_flops.reports.content import Figures, Part, Points, Prose
from resnext_flops.reports.summary import NO_SURPRISE, of_models, of_paper


def parts(found: list[Part]) -> tuple[str, str, dict[str, str], list[str]]:
    """The question, the answer, the figures by what they are, and the surprises of a summary."""
    question, answer, *_ = (part.text for part in found if isinstance(part, Prose))
    (shown,) = (part for part in found if isinstance(part, Figures))
    (surprising,) = (part for part in found if isinstance(part, Points))
    return question, answer, {what: figure for figure, what in shown.items}, list(surprising.items)


def summary(*names: str) -> tuple[str, str, dict[str, str], list[str]]:
    ledgers = [rf.model(name).cost() for name in names]
    return parts(of_models(ledgers, [built(name).cost() for name in names]))


def test_one_described_network() -> None:
    question, answer, shown, surprising = summary("resnet20_cifar")
    assert question == "Asked: what does resnet_cifar(20) cost, and what do counters of FLOPs say of it?"
    # The stem, then three stages of three blocks of two 3x3 convolutions, each stage with half the pixels and twice
    # the channels; the first convolution of a later stage takes half as many channels.
    stem = 32 * 32 * 3 * 9 * 16
    first = 6 * 32 * 32 * 16 * 9 * 16
    later = [(1 * width // 2 + 5 * width) * 9 * width * pixels**2 for width, pixels in ((32, 16), (64, 8))]
    linear = 64 * 10
    macs = stem + first + sum(later) + linear
    assert shown == {"multiply-adds": f"{macs:,}", "parameters": "269,722"}
    assert answer.startswith(f"resnet_cifar(20) takes {macs:,} multiply-adds for an input of 3x32x32, and has 269,722 ")
    share = Fraction(first, macs)
    assert f"of the parts it is conv2, with {float(100 * share):.2f} %." in answer
    assert f"conv has the largest share of the multiply-adds, {100 * (macs - linear) / macs:.2f} %" in answer
    # Counters from the multiply-adds alone to training, where batch norm counts 5 an element, and a pool 1.
    elements = (1 + 6) * 32 * 32 * 16 + 6 * 16 * 16 * 32 + 6 * 8 * 8 * 64
    most = macs + 5 * elements + 64 * 8 * 8
    assert answer.endswith(
        f"For resnet_cifar(20) the counters say from {macs:,} MACs (paper) to {most:,} MACs (fvcore-training); its "
        f"multiply-adds are {macs:,} MACs or {2 * macs:,} FLOPs."
    )
    assert surprising == [NO_SURPRISE]


def test_several_networks_are_ordered_by_each_figure() -> None:
    _, answer, shown, surprising = summary("convnext_tiny", "resnet50", "resnext50_32x4d")
    # Parameters: torchvision's weights of the three models say 28589128, 25557032 and 25028904.
    assert "resnet(50) has the fewest multiply-adds, 4,089,184,256, and convnext((3, 3, 9, 3)) the most," in answer
    assert "resnext(50, cardinality=32, width=4) has the fewest parameters, 25,028,904, and convnext" in answer
    assert "28,589,128" in answer
    # ConvNeXt-T over ResNet-50 in multiply-adds, and over ResNeXt-50 in parameters.
    for most, fewest in ((4_455_531_264, 4_089_184_256), (28_589_128, 25_028_904)):
        assert f"{most:,} (+{100 * (most / fewest - 1):.2f} %)." in answer
    assert "from 308,061,390 MACs (flopth) to 51,411,038,208 FLOPs (torchmeter)" in answer
    assert shown["multiply-adds of resnet(50), the fewest"] == "4,089,184,256"
    by_macs, conventions, farthest, more = surprising
    orders = by_macs.removeprefix("From fewest to most the order by multiply-adds is ").removesuffix(".")
    first, second = orders.split("; by parameters it is ")
    assert (first.index("resnet(50)"), second.index("resnext")) == (0, 0)
    ledgers = [built(name).cost() for name in ("resnet50", "resnext50_32x4d", "convnext_tiny")]
    otherwise = [name for name in CONVENTIONS if not _ascending([int(each.total(name)) for each in ledgers])]
    assert conventions.partition(": ")[2].removesuffix(".").split(", ") == otherwise
    assert farthest.startswith("flopth says 308,061,390 MACs of convnext")
    far = sum(
        abs(Fraction(int(each.total(name)), each.macs * (1 if rule.unit == "MAC" else 2)) - 1) > Fraction(1, 10)
        for each in ledgers
        for name, rule in CONVENTIONS.items()
        if not (rule.variant_of and each.total(name) == each.total(rule.variant_of))
    )
    assert more.startswith(f"{far} figures in all are more than ten percent")


def _ascending(figures: list[int]) -> bool:
    return figures == sorted(figures)


class Rectified(nn.Module):
    """A model without multiply-adds."""

    def __init__(self) -> None:
        super().__init__()
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.relu(x)
        return found


class Unknown(nn.Module):
    """A model with an operator that has no rule."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.fc(torch.linalg.inv(x))
        return found


def test_a_model_without_multiply_adds() -> None:
    cost = rf.count(Rectified(), (1, 3, 4, 4))
    _, answer, shown, surprising = parts(of_models([cost], [cost]))
    assert answer.endswith("and has 0 parameters. No layer has multiply-adds.")
    assert shown["multiply-adds"] == "0"
    # torchmeter counts 1 an element of a ReLU, and so do others; ptflops counts it in the module and in its function.
    assert f"count operations all the same, up to {2 * 3 * 4 * 4} MACs (ptflops-pytorch)." in surprising[0]
    assert surprising[1:] == [NO_SURPRISE]


def test_a_lower_bound_is_called_one() -> None:
    cost = rf.count(Unknown(), (1, 4, 4))
    _, answer, shown, _ = parts(of_models([cost], [cost]))
    assert f"takes at least {4 * 4 * 3} multiply-adds" in answer
    assert shown["multiply-adds"] == f"at least {4 * 4 * 3}"


def test_several_lower_bounds_are_called_so() -> None:
    cost = rf.count(Unknown(), (1, 4, 4))
    _, answer, shown, _ = parts(of_models([cost, cost], [cost, cost]))
    assert answer.startswith(f"All have {4 * 4 * 3} multiply-adds; some are lower bounds. All have 15 parameters.")
    assert f"; its multiply-adds are at least {4 * 4 * 3} MACs" in answer
    assert shown["multiply-adds of each"] == f"at least {4 * 4 * 3}"
    other = rf.count(nn.Linear(4, 5), (1, 4, 4))
    _, _, shown, _ = parts(of_models([other, cost], [other, cost]))
    assert shown[f"multiply-adds of {cost.name}, the fewest"] == f"at least {4 * 4 * 3}"
    assert shown[f"multiply-adds of {other.name}, the most"] == f"{4 * 4 * 5}"


def test_parts_with_equal_shares_are_said_to_be_equal() -> None:
    net = nn.Sequential(nn.Linear(4, 6, bias=False), nn.ReLU(), nn.Linear(6, 4, bias=False))
    cost = rf.count(net, (1, 4))
    _, answer, _, _ = parts(of_models([cost], [cost]))
    assert "multiply-adds, 100.00 %; of the parts it is 0, with 50.00 %, as others have." in answer


def test_models_with_equal_multiply_adds_have_no_order() -> None:
    # By parameters, and by what counters say of biases and activations, they differ.
    plain, more = nn.Linear(64, 64, bias=False), nn.Sequential(nn.Linear(64, 64), nn.Sigmoid(), nn.BatchNorm1d(64))
    costs = [rf.count(net, (1, 64)) for net in (more, plain)]
    assert costs[0].macs == costs[1].macs
    assert costs[0].params > costs[1].params
    for order in (costs, costs[::-1]):
        *_, surprising = parts(of_models(order, order))
        assert not [each for each in surprising if "order" in each]
    large = rf.count(nn.Linear(64, 65), (1, 64))
    _, answer, *_ = parts(of_models([large, *costs], [large, *costs]))
    assert answer.startswith(
        f"{costs[0].name} and {costs[1].name} have the fewest multiply-adds, {64 * 64:,}, and Linear "
    )


def test_equal_models_are_said_to_be_equal() -> None:
    _, answer, shown, surprising = summary("resnet18", "resnet18")
    assert shown == {"multiply-adds of each": "1,814,073,344"}
    assert answer.startswith("All have 1,814,073,344 multiply-adds. All have 11,689,512 parameters.")
    assert surprising == [NO_SURPRISE]


def test_the_papers_summary_is_what_its_tables_say() -> None:
    question, answer, shown, surprising = parts(of_paper())
    assert "arXiv:1611.05431v2" in question
    # ResNet-50's block: 256 * 64 + 3 * 3 * 64 * 64 + 64 * 256. The nearest width to it, cardinality by cardinality.
    budget = 256 * 64 + 9 * 64 * 64 + 64 * 256
    printed = {1: 64, 2: 40, 4: 24, 8: 14, 32: 4}
    nearest = {c: min(range(1, 100), key=lambda d: abs(c * (512 * d + 9 * d * d) - budget)) for c in printed}
    assert nearest == printed
    assert f"For {len(printed)} of the 5 cardinalities of Table 2" in answer
    assert shown["weights of the bottleneck block of ResNet-50, which the template preserves"] == f"{budget:,}"
    # Exact figures of Tables 1, 3, 4 and 7 and Figure 5 with what they print, in the paper's unit.
    macs_50 = {"4.1": [4_089_184_256, 4_124_508_160, 4_159_832_064, 4_267_409_408, 4_230_479_872]}
    macs_101 = {"7.8": [7_801_405_440, 7_843_553_280, 7_885_701_120, 8_076_871_680, 7_969_996_800]}
    table_1 = [("4.1", 4_089_184_256), ("4.2", 4_230_479_872)]
    table_4 = [("15", each) for each in (15_007_481_856, 15_272_862_720, 15_123_087_360, 15_460_270_080)]
    figure_5 = [("4.1", 4_089_184_256), ("4.1", 4_230_479_872), ("7.8", 7_801_405_440), ("7.8", 7_969_996_800)]
    table_3 = [(key, each) for found in (macs_50, macs_101) for key, row in found.items() for each in row]
    params = [("25.5", 25_557_032), ("25.0", 25_028_904), ("36.5", 36_479_194), ("34.4", 34_426_698)]
    params += [("68.1", 68_155_210), ("25", 25_557_032), ("25", 25_028_904), ("44", 44_549_160), ("44", 44_177_704)]
    every = [(key, each, 10**9) for key, each in (*table_1, *table_3, *table_4, *figure_5)]
    every += [(key, each, 10**6) for key, each in params]
    met = sum(_meets(*each) for each in every)
    assert shown["printed figures are met"] == f"{met} of {len(every)}"
    assert f"Of the {len(every)} printed params and multiply-adds" in answer
    assert f"{met} are met by the exact figure" in answer
    worst = Fraction(4_267_409_408, 4_100_000_000) - 1
    assert f"{float(100 * worst):+.2f} %" in shown.values()
    against = [Fraction(each, row[0]) - 1 for row in (*macs_50.values(), *macs_101.values()) for each in row[1:]]
    assert f"differ by {float(100 * min(against)):+.2f} % (ResNeXt-101 2x40d)" in answer
    assert f"to {float(100 * max(against)):+.2f} % (ResNeXt-50 8x14d)" in answer
    assert "4,267,409,408" in surprising[0]
    assert re.search(r"C = 8 \(d = 13 at network scope, 14 at block scope\)", surprising[1])


def _meets(printed: str, exact: int, unit: int) -> bool:
    """Whether a figure has the printed digits, rounded half up or cut off."""
    digits = -int(Decimal(printed).as_tuple().exponent)
    scaled = Fraction(exact * 10**digits, unit)
    return Decimal(printed).scaleb(digits) in {int(scaled), int(scaled + Fraction(1, 2))}
