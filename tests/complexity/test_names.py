"""Networks by name and by call."""

import json
import re
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import resnext_flops as rf
from resnext_flops.complexity.formula import Formula
from resnext_flops.complexity.layers import (
    IDENTITY,
    Auxiliary,
    AvgPool,
    BatchNorm,
    Concat,
    Conv,
    Flatten,
    Linear,
    Node,
    ReLU,
    Repeat,
    Scale,
    Sequential,
    Sum,
)
from resnext_flops.complexity.names import NAMED, network
from resnext_flops.complexity.network import Network
from resnext_flops.errors import same_name


def test_names() -> None:
    assert network("resnext101_64x4d") == rf.resnext(101, cardinality=64, width=4)
    assert network("resnet101") == rf.resnet(101)
    assert network("resnext50_8x14d") == rf.resnext(50, cardinality=8, width=14)


@pytest.mark.parametrize("name", NAMED)
def test_every_name_is_a_network(name: str) -> None:
    assert network(name).cost().macs > 0


@pytest.mark.parametrize("name", ["ResNeXt50-32x4d", "resnext50_32x4D", "RESNEXT-50-32x4d", "resnext5032x4d"])
def test_capitals_and_hyphens_do_not_matter(name: str) -> None:
    assert network(name) == rf.resnext(50, cardinality=32, width=4)


def test_nor_in_a_pattern_and_in_a_family() -> None:
    assert network("ResNeXt50-16x9d") == rf.resnext(50, cardinality=16, width=9)
    assert network("ResNeXt(50)") == rf.resnext(50)


def test_names_that_are_the_same_without_them_are_not_guessed() -> None:
    words = Counter(name.replace("_", "") for name in NAMED)
    # RegNets of 16 and of 1.6 GF, for example.
    doubtful = {word for word, times in words.items() if times > 1}
    assert {word[:7] for word in doubtful} == {"regnetx", "regnety"}
    assert all(same_name(word, NAMED) is None for word in doubtful)
    assert all(same_name(name.upper(), NAMED) == name for name in NAMED)


def test_a_beginning_lists_every_name_that_it_may_mean() -> None:
    with pytest.raises(rf.InputError) as error:
        network("ResNeXt50")
    assert str(error.value) == (
        "unknown network 'ResNeXt50'; 5 names begin with it: resnext50_2x40d, resnext50_4x24d, resnext50_8x14d, "
        "resnext50_32x4d, resnext50_32x4d_noshortcut"
    )


def test_a_beginning_of_one_name_is_no_name() -> None:
    with pytest.raises(rf.InputError, match=r"^unknown network 'resnext152'; did you mean 'resnext152_32x4d'\?$"):
        network("resnext152")


def test_calls() -> None:
    assert network("resnext(50, cardinality=8, width=14)") == rf.resnext(50, cardinality=8, width=14)
    assert network("resnet((2, 2, 2, 2), resolution=(320, 256))") == rf.resnet((2, 2, 2, 2), resolution=(320, 256))
    assert network(repr(rf.resnext(50, classes=10))) == rf.resnext(50, classes=10)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("resnet51", "unknown network 'resnet51'; did you mean 'resnet50' or"),
        ("resnext77_32x4d", "unknown depth 77"),
        ("resnex(50)", "unknown family 'resnex'; 2 names begin with it: resnext, resnext_cifar"),
        ("resnext(50", r"cannot read 'resnext\(50'; write it as resnext\(argument=value, ...\)"),
        ("resnext(open('x'))", "'open' is no function"),
        ("resnext(*[50])", "cannot use"),
        ("(50)", "cannot read"),
        ("resnext(50, 32, 4, 224)", "resnext: too many positional arguments"),
        ("resnext(50, **{})", "cannot read"),
        ("resnext(50, depth=50)", "resnext: multiple values for argument 'depth'"),
    ],
)
def test_what_is_no_network_is_one_sentence(model: str, message: str) -> None:
    with pytest.raises(rf.InputError, match=message):
        network(model)


def test_free_names_in_a_call() -> None:
    net = network("resnext(50, cardinality=m, width=2*m)")
    # 451584 C d^2 + 27496448 C d + 479723520 with C = m and d = 2 m, so 4 times and 2 times the coefficients.
    assert str(net.closed_form("macs", "m")) == "1806336 m^3 + 54992896 m^2 + 479723520"
    assert net.replace(m=8) == rf.model("resnext(50, cardinality=m, width=2*m)", m=8)
    assert net.replace(m=8).cost() == rf.resnext(50, cardinality=8, width=16).cost()
    assert (net.replace(m=8).name, net.call(["m"])) == (
        "resnext(50, cardinality=8, width=16)",
        "resnext(50, cardinality=m, width=2 * m)",
    )
    assert (net.sizes()["m"], net.replace(m=8).sizes()["m"], "C" in net.sizes()) == (None, 8, False)


def test_free_names_in_depths_and_pixels() -> None:
    net = network("resnet((3, 4, n, 3), resolution=32*s)")
    form = net.closed_form("macs", "n", "s")
    assert form(n=23, s=7) == rf.resnet(101).cost().macs
    assert form(n=6, s=10) == rf.resnet(50, resolution=320).cost().macs
    # The other stages keep their letters.
    assert net.replace(n=6, s=7, n1=5).cost().macs == rf.resnet((5, 4, 6, 3)).cost().macs


def test_a_free_name_begins_where_the_network_is_one() -> None:
    form = network("resnext(50, cardinality=m, width=q-20)").closed_form("macs", "m", "q")
    assert [form.reading.lattices[name].start for name in ("m", "q")] == [1, 21]
    assert form(m=8, q=34) == rf.resnext(50, 8, 14).cost().macs
    assert network("wide_resnet(6*n+4, 2)").closed_form("params", "n")(n=4) == rf.wide_resnet(28, 2).cost().params


def test_an_exact_quotient_of_a_free_name() -> None:
    net = network("resnext(50, cardinality=C, width=6*C/2)")
    assert net.closed_form("weights", "C", scope="block")(C=4) == rf.resnext(50, 4, 12).part("block").weights
    assert rf.model("resnext(50, C, 128/C)", C=32).cost() == rf.resnext(50, 32, 4).cost()
    (found,) = rf.solve("resnext(50, cardinality=4, width=e)", "e", like="resnet50", figure="weights", scope="block")
    assert found.sizes == {"e": 24}  # Table 2 of the paper


@pytest.mark.parametrize(
    ("call", "free", "message"),
    [
        ("resnext(50, C, 128/C)", "C", r"cannot use '128 / C': \(128\) / \(C\) is no polynomial"),
        ("resnext(50, C, d2)", "C", "d2 has no value; give it one, as in --free d2=8"),
        ("resnet(50, resolution=r)", "r", "r has no value; give it one, as in --free r=32"),
        ("resnet(50, resolution=s)", "s", r"no polynomial in s: .*; write a multiple of it, such as 32\*s"),
        ("resnet(50, width=min(m, 3))", "m", r"min\(m, 3\) is no polynomial of a size that is free"),
        ("resnet(50, width=m/0)", "m", "it divides by zero"),
        (
            "resnext(50, cardinality=2*d)",
            "d",
            "d is a free name in the call and its width; call the free name otherwise",
        ),
        ("resnext(50, m, 2*m)", "C", "unknown free size of resnext 'C'"),
        ("vgg(16, batch_norm=m)", "m", "batch_norm is m; it must be True or False"),
        ("resnet(m)", "m", "unknown depth m"),
        ("resnet(50, width=8-m)", "m", r"cannot use '8 - m': it must not fall where a size that is free grows"),
        ("resnext(50, width=N)", "N", "N is a free name in the call and the batch"),
        ("resnext(50, width=n3)", "n3", "n3 is a free name in the call and the blocks of stage 3"),
        ("resnet((3, 4, m, 3))", "n3", "unknown free size of resnet 'n3'"),
        ("wide_resnet(m, 2)", "m", "no polynomial in m"),
        ("resnext(50, cardinality=m, cardinality=2)", "m", "cardinality is given twice"),
    ],
)
def test_free_names_that_cannot_be_free(call: str, free: str, message: str) -> None:
    with pytest.raises(rf.InputError, match=message):
        network(call).closed_form("macs", free)


def test_a_free_name_without_a_number_has_no_cost() -> None:
    asks: list[Callable[[Network], object]] = [Network.cost, Network.memory, Network.to_torch, lambda net: net.input]
    for ask in asks:
        with pytest.raises(rf.InputError, match="m has no value in resnext"):
            ask(network("resnext(50, cardinality=m)"))


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
    assert rf.load(file).architecture != rf.resnet(50).architecture


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "holds no saved network"),
        ('{"network": "x"}', "holds no saved network"),
        (
            '{"network": "x", "description": {"input": [3], "body": {"layer": "Con"}}}',
            r"\$\.description\.body: unknown layer 'Con'; 2 names begin with it: Conv, Concat",
        ),
        (
            '{"network": "x", "description": {"input": [3], "body": {"layer": "Conv"}}}',
            r"\$\.description\.body: a Conv cannot stand here$",
        ),
        ('{"network": "x", "description": 3}', r"\$\.description: Expected object, got int$"),
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


GOLDEN = sorted((Path(__file__).parent / "saved_by_0_1_0").glob("*.json"))


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_files_saved_by_0_1_0_load_equal(path: Path, tmp_path: Path) -> None:
    call = json.loads(path.read_text())["network"]
    loaded = rf.load(path)
    assert loaded.description == network(call).description
    assert loaded == network(call)
    rf.save(loaded, tmp_path / "again.json")
    again = json.loads((tmp_path / "again.json").read_text())
    assert json.dumps(again) == json.dumps(json.loads(path.read_text()))  # the order of the keys as well


def test_a_network_with_a_free_size_is_not_saved(tmp_path: Path) -> None:
    sympy = pytest.importorskip("sympy")
    for width in (Formula.of("d"), sympy.Symbol("d", positive=True, integer=True)):
        free = rf.described(rf.Description((3, 8, 8), Sequential.of(conv=Conv(width, 3))))
        with pytest.raises(rf.InputError, match="a network with the size d cannot be saved"):
            rf.save(free, tmp_path / "net.json")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            '"kernel": [3, 3]',
            '"kernel": [3, 0]',
            "children[0][1]: kernel is 0; it must be a whole number",
        ),
        ('"kernel": [3, 3]', '"kernel": "3"', "children[0][1].kernel: Expected array, got str"),
        ('"kernel": [3, 3]', '"kernl": [3, 3]', "children[0][1]: Object contains unknown field kernl"),
        ('"channels": 8, ', "", "children[0][1]: Object missing required field channels"),
        ('"channels": 8', '"channels": 8.5', "children[0][1].channels: Expected int, got float"),
        ('"factor": 0.5', '"factor": NaN', "JSON is malformed"),
        ('"factor": 0.5', '"factor": 1e999', "children[2][1].factor: Number out of range"),
        (
            '["relu"',
            '["conv"',
            "$.description.body: two children have the name 'conv'; every child",
        ),
        ('"layer": "ReLU"', '"layer": "Relu"', "children[1][1]: unknown layer 'Relu'; did you mean 'ReLU'"),
        ("[3, 9, 9]", "[]", "$.description: input is (); it must be the sizes of one example"),
        ("[3, 9, 9]", "[3, 1, 1]", "conv: a kernel of 3 does not fit into 1 pixels"),
    ],
)
def test_a_faulty_place_in_a_file_is_named(old: str, new: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "net.json"
    rf.save(
        rf.described(rf.Description((3, 9, 9), Sequential.of(conv=Conv(8, 3), relu=ReLU(), scale=Scale(0.5))), "mine"),
        file,
    )
    content = json.dumps(json.loads(file.read_text()))
    assert old in content
    file.write_text(content.replace(old, new))
    with pytest.raises(rf.InputError, match=f"net.json' holds no saved network: .*{re.escape(message)}"):
        rf.load(file)


def test_a_file_that_is_nested_too_deeply_is_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / "net.json"
    for levels in (2_000, 100_000):
        body = '{"layer": "Sequential", "children": [["a", ' * levels + '{"layer": "ReLU"}' + "]]}" * levels
        file.write_text(f'{{"network": "x", "description": {{"input": [3], "body": {body}}}}}')
        with pytest.raises(rf.InputError, match="nested too deeply"):
            rf.load(file)


def test_a_file_that_names_itself_is_loaded_by_its_description(tmp_path: Path) -> None:
    file = tmp_path / "net.json"
    rf.save(rf.described(rf.Description((3, 9, 9), Sequential.of(conv=Conv(8, 3))), str(file)), file)
    assert rf.load(file).cost().params == 8 * 3 * 3 * 3


@cache
def _everything() -> rf.Network:
    block: Node = Sequential.of(
        add=Sum.of(residual=Sequential.of(conv=Conv(4, 3, padding=1), norm=BatchNorm()), shortcut=IDENTITY), relu=ReLU()
    )
    body = Sequential.of(
        stage=Sequential.of(block=Repeat(block, 3, first=block)),
        mixed=Concat.of(a=AvgPool(3, 1, padding=1), b=Conv(2, 1, bias=True)),
        aux=Auxiliary(Sequential.of(flatten=Flatten(), fc=Linear(3))),
        scale=Scale(0.5),
    )
    return rf.described(rf.Description((4, 6, 6), body), "resnet(18)")


scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 9),
    st.sampled_from(
        [10**30, 0.5, 1e300, "", "3", "conv", "block2", "ReLU", "Sum", "Repeat", "resnet(50)", "resnet([])"]
    ),
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["layer", "a"]), inner)
)


def _places(content: Any) -> list[tuple[Any, Any]]:
    """Every container of a JSON value with every key in it."""
    keys = list(content) if isinstance(content, dict) else range(len(content)) if isinstance(content, list) else []
    return [(content, key) for key in keys] + [place for key in keys for place in _places(content[key])]


@given(data=st.data())
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_changed_file_loads_or_is_refused_in_one_sentence(data: st.DataObject, tmp_path: Path) -> None:
    file = tmp_path / "net.json"
    rf.save(_everything(), file)
    content = json.loads(file.read_text())
    for _ in range(data.draw(st.integers(1, 3))):
        if not (places := _places(content)):
            break
        where, key = data.draw(st.sampled_from(places))
        change = data.draw(st.sampled_from(["drop", "replace", "add", "nest", "copy"]))
        if change == "drop":
            del where[key]
        elif change == "add" and isinstance(where, dict):
            where[data.draw(st.sampled_from(["layer", "kernel", "bias", "more"]))] = data.draw(values)
        elif change == "nest":
            inner = where[key]
            where[key] = data.draw(st.sampled_from([[inner], {"layer": "Sequential", "children": [["a", inner]]}]))
        elif change == "copy":
            other, from_key = data.draw(st.sampled_from(places))
            where[key] = deepcopy(other[from_key])
        else:
            where[key] = data.draw(values)
    file.write_text(json.dumps(content))
    with suppress(rf.InputError):
        assert isinstance(rf.load(file), rf.Network)
