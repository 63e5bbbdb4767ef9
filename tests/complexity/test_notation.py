"""The bracket notation of blocks that the papers do not print."""

from resnext_flops.complexity.families.mobilenet import mobilenet_v2
from resnext_flops.complexity.families.resnet import resnet
from resnext_flops.complexity.layers import AdaptiveAvgPool, AvgPool, Conv, Dropout, Linear, ReLU, Sequential
from resnext_flops.complexity.notation import stage
from resnext_flops.show.table import Bracket


def test_basic_blocks_have_two_rows() -> None:
    node = dict(resnet(18).description.body.children)["conv3"]
    assert isinstance(node, Sequential)
    parts = stage(node, (64, 56, 56))
    assert [str(part) for part in parts] == ["[3x3, 128; 3x3, 128] x 2"]
    assert isinstance(parts[0], Bracket)
    assert parts[0].lines == "⎡3x3, 128⎤\n⎣3x3, 128⎦ x 2"


def test_uneven_kernels_and_strides() -> None:
    node = Sequential.of(conv=Conv(8, (1, 7), stride=(1, 2), groups=2), fc=Linear(10))
    assert stage(node, (4, 8, 8)) == ["1x7, 8, stride 1x2, C=2", "10-d fc"]


def test_one_layer_needs_no_tall_bracket() -> None:
    assert Bracket(("3x3, 8",), 2).lines == "[3x3, 8] x 2"


def test_pools_and_dropout() -> None:
    node = Sequential.of(pool=AvgPool(5, stride=3), relu=ReLU(), bins=AdaptiveAvgPool((2, 3)), dropout=Dropout(0.4))
    assert stage(node, (4, 17, 17)) == ["5x5 average pool, stride 3", "average pool to 2x3", "dropout (40%)"]


def test_a_stage_of_one_block_is_that_block() -> None:
    # MobileNetV2's Table 2: of 32 channels, with expansion 1, to 16; no block of this stage runs on 16 channels.
    node = dict(mobilenet_v2().description.body.children)["conv2"]
    assert isinstance(node, Sequential)
    assert [str(part) for part in stage(node, (32, 112, 112))] == ["[3x3, 32, C=32; 1x1, 16] x 1"]
