"""Networks by name and by call."""

import pytest

import resnext_flops as rf
from resnext_flops.models import NAMED, network


def test_names() -> None:
    assert network("resnext101_64x4d") == rf.resnext(101, cardinality=64, width=4)
    assert network("resnet101") == rf.resnet(101)
    assert network("resnext50_8x14d") == rf.resnext(50, cardinality=8, width=14)


@pytest.mark.parametrize("name", NAMED)
def test_every_name_is_a_network(name: str) -> None:
    assert network(name).cost().macs > 0


def test_calls() -> None:
    assert network("resnext(50, cardinality=8, width=14)") == rf.resnext(50, cardinality=8, width=14)
    assert network("resnet((2, 2, 2, 2), resolution=(320, 256))") == rf.resnet((2, 2, 2, 2), resolution=(320, 256))
    assert network(repr(rf.resnext(50, classes=10))) == rf.resnext(50, classes=10)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("resnet51", "unknown network 'resnet51'; did you mean 'resnet50' or"),
        ("resnext77_32x4d", "unknown depth 77"),
        ("resnex(50)", "unknown family 'resnex'; did you mean 'resnext'"),
        ("resnext(50", r"cannot read 'resnext\(50'; write it as resnext\(50, cardinality=8, width=14\)"),
        ("resnext(open('x'))", "cannot read"),
        ("resnext(*[50])", "cannot read"),
        ("(50)", "cannot read"),
        ("resnext(50, 32, 4, 224)", "resnext: too many positional arguments"),
        ("resnext(50, **{})", "cannot read|unexpected"),
        ("resnext(50, depth=50)", "resnext: multiple values for argument 'depth'"),
    ],
)
def test_what_is_no_network_is_one_sentence(model: str, message: str) -> None:
    with pytest.raises(rf.InputError, match=message):
        network(model)
