"""Networks by name and by call."""

import json
from pathlib import Path

import pytest

import resnext_flops as rf
from resnext_flops.complexity.layers import IDENTITY, Conv, Sequential, Sum
from resnext_flops.complexity.names import NAMED, network


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


@pytest.mark.parametrize(
    "name",
    [
        "resnet50",
        "resnet34_he2015",
        "resnet200",
        "wrn_16_8",
        "resnext29_8x64d",
        "alexnet_2012",
        "vgg16_bn",
        "googlenet",
        "googlenet_2014",
        "inception_v4",
        "inception_resnet_v2",
    ],
)
def test_a_saved_network_is_loaded_with_its_arguments(name: str, tmp_path: Path) -> None:
    file = tmp_path / "net.json"
    rf.save(network(name), file)
    loaded = rf.load(file)
    assert loaded == network(name)
    assert network(str(file)) == loaded
    assert loaded.replace(classes=7) == network(name).replace(classes=7)


def test_a_description_of_ones_own_is_saved_too(tmp_path: Path) -> None:
    body = Sequential.of(stem=Conv(8, 3, padding=1), add=Sum.of(a=Conv(8, (1, 3), padding=(0, 1)), b=IDENTITY))
    mine = rf.described(rf.Description((3, 9, 9), body), "mine")
    rf.save(mine, tmp_path / "mine.json")
    loaded = rf.load(tmp_path / "mine.json")
    assert (repr(loaded), loaded.description) == ("mine", mine.description)
    assert loaded.cost().macs == (3 * 9 * 8 + 8 * 3 * 8) * 9 * 9
    assert rf.verify(loaded, device="cpu").holds


def test_a_changed_description_wins_over_its_call(tmp_path: Path) -> None:
    file = tmp_path / "net.json"
    rf.save(rf.resnet(50), file)
    file.write_text(file.read_text().replace('"features": 1000', '"features": 10'))
    assert rf.load(file).cost().params == rf.resnet(50, classes=10).cost().params
    assert rf.load(file).family is not rf.resnet(50).family


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "holds no saved network"),
        ('{"network": "x"}', "holds no saved network"),
        (
            '{"network": "x", "description": {"input": [3], "body": {"layer": "Con"}}}',
            "unknown layer 'Con'; did you mean",
        ),
        ('{"network": "x", "description": {"input": [3], "body": {"layer": "Conv"}}}', "not a description in JSON"),
        ('{"network": "x", "description": 3}', "not a description in JSON"),
    ],
)
def test_a_file_that_is_no_network(content: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "net.json"
    file.write_text(content)
    with pytest.raises(rf.InputError, match=message):
        rf.load(file)


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(rf.InputError, match=r"cannot read 'nowhere\.json': No such file or directory"):
        network("nowhere.json")


@pytest.mark.parametrize(
    "path", sorted((Path(__file__).parent / "saved_by_0_1_0").glob("*.json")), ids=lambda path: path.stem
)
def test_files_saved_by_0_1_0_load_equal(path: Path) -> None:
    call = json.loads(path.read_text())["network"]
    loaded = rf.load(path)
    assert loaded.description == network(call).description
    assert loaded == network(call)
