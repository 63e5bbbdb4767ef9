"""Networks by name, by a call as it is written in Python, and from a saved file: what a MODEL can be.

A name is looked up in full first (torchvision's names where they exist), then by the pattern of a family.
"""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from functools import cache
from importlib import import_module
from typing import NoReturn, get_args

import msgspec

from resnext_flops.complexity.arguments import parse_call
from resnext_flops.complexity.layers import Description, Node, Repeat
from resnext_flops.complexity.network import Network, described
from resnext_flops.errors import InputError, checked, known_name, same_name, unknown

# The file of each family.
FILES: Mapping[str, str] = {
    "alexnet": "alexnet",
    "vgg": "vgg",
    "googlenet": "googlenet",
    "inception_v3": "inception",
    "inception_v4": "inception",
    "inception_resnet_v2": "inception_resnet",
    "resnet": "resnet",
    "resnet_cifar": "resnet",
    "wide_resnet": "wide_resnet",
    "resnext": "resnext",
    "resnext_cifar": "resnext",
    "se_resnet": "senet",
    "se_resnext": "senet",
    "senet": "senet",
    "regnet": "regnet",
    "anynet": "regnet",
    "mobilenet_v1": "mobilenet",
    "mobilenet_v2": "mobilenet",
    "mobilenet_v3": "mobilenet",
    "efficientnet": "efficientnet",
    "efficientnet_v2": "efficientnet",
    "convnext": "convnext",
    "resnet_to_convnext": "resnet_to_convnext",
    "densenet": "densenet",
    "densenet_cifar": "densenet",
    "repvgg": "repvgg",
}


class _Families(Mapping[str, Callable[..., Network]]):
    """The families by name. The file of one is loaded when it is looked up."""

    def __getitem__(self, name: str) -> Callable[..., Network]:
        found: Callable[..., Network] = getattr(import_module(f"resnext_flops.complexity.families.{FILES[name]}"), name)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(FILES)

    def __len__(self) -> int:
        return len(FILES)

    def __contains__(self, name: object) -> bool:
        return name in FILES


@cache
def families() -> Mapping[str, Callable[..., Network]]:
    """Every family by its name.

    >>> families()["vgg"](16)
    vgg(16)
    """
    return _Families()


# A name stands for a call: torchvision's names where they exist.
NAMED: Mapping[str, str] = {
    "alexnet": "alexnet()",
    "alexnet_2012": "alexnet('paper')",
    **{f"vgg{depth}": f"vgg({depth})" for depth in (11, 13, 16, 19)},
    **{f"vgg{depth}_bn": f"vgg({depth}, batch_norm=True)" for depth in (11, 13, 16, 19)},
    "googlenet": "googlenet()",
    "googlenet_2014": "googlenet('paper')",
    **{name: f"{name}()" for name in ("inception_v3", "inception_v4", "inception_resnet_v2")},
    **{f"resnet{depth}": f"resnet({depth})" for depth in (18, 34, 50, 101, 152)},
    "resnet200": "resnet(200, preactivation=True)",
    **{f"resnet{depth}_he2015": f"resnet({depth}, shortcut='A')" for depth in (18, 34)},
    **{f"resnet{depth}_he2015": f"resnet({depth}, stride_in='1x1')" for depth in (50, 101, 152)},
    "resnet50_noshortcut": "resnet(50, shortcut='none')",
    "resnet101_1x100d": "resnet(101, width=100)",
    **{f"resnet{depth}_cifar": f"resnet_cifar({depth})" for depth in (20, 32, 44, 56, 110)},
    "wide_resnet50_2": "resnet(50, width=128)",
    "wide_resnet101_2": "resnet(101, width=128)",
    **{f"wrn_{depth}_{k}": f"wide_resnet({depth}, {k})" for depth, k in ((16, 8), (28, 10), (40, 4))},
    **{
        f"resnext{depth}_{c}x{d}d": f"resnext({depth}, {c}, {d})"
        for depth in (50, 101)
        for c, d in ((2, 40), (4, 24), (8, 14), (32, 4))
    },
    "resnext50_32x4d_noshortcut": "resnext(50, 32, 4, shortcut='none')",
    **{
        f"resnext101_{c}x{d}d": f"resnext(101, {c}, {d})"
        for c, d in ((2, 64), (64, 4), (32, 8), (32, 16), (32, 32), (32, 48))
    },
    "resnext152_32x4d": "resnext(152, 32, 4)",
    **{f"resnext29_{c}x64d": f"resnext_cifar(29, {c}, 64)" for c in (8, 16)},
    # timm's names: those that begin with `legacy` are the authors' networks.
    **{f"legacy_seresnet{depth}": f"se_resnet({depth})" for depth in (50, 101, 152)},
    **{f"legacy_seresnext{depth}_32x4d": f"se_resnext({depth}, 32, 4)" for depth in (50, 101)},
    "legacy_senet154": "senet(154)",
    **{f"seresnet{depth}": f"se_resnet({depth}, stride_in='3x3', pool='padded')" for depth in (50, 101, 152)},
    **{f"seresnext{depth}_32x4d": f"se_resnext({depth}, 32, 4, pool='padded')" for depth in (50, 101)},
    "regnet_x_400mf": "regnet(22, w_0=24, w_a=24.48, w_m=2.54, group_width=16, version='torchvision')",
    "regnet_x_400mf_2020": "regnet(22, w_0=24, w_a=24.48, w_m=2.54, group_width=16)",
    "regnet_x_800mf": "regnet(16, w_0=56, w_a=35.73, w_m=2.28, group_width=16)",
    "regnet_x_1_6gf": "regnet(18, w_0=80, w_a=34.01, w_m=2.25, group_width=24)",
    "regnet_x_3_2gf": "regnet(25, w_0=88, w_a=26.31, w_m=2.25, group_width=48)",
    "regnet_x_8gf": "regnet(23, w_0=80, w_a=49.56, w_m=2.88, group_width=120)",
    "regnet_x_16gf": "regnet(22, w_0=216, w_a=55.59, w_m=2.1, group_width=128)",
    "regnet_x_32gf": "regnet(23, w_0=320, w_a=69.86, w_m=2.0, group_width=168)",
    "regnet_y_400mf": "regnet(16, w_0=48, w_a=27.89, w_m=2.09, group_width=8, se=True)",
    "regnet_y_800mf": "regnet(14, w_0=56, w_a=38.84, w_m=2.4, group_width=16, se=True, version='torchvision')",
    "regnet_y_800mf_2020": "regnet(14, w_0=56, w_a=38.84, w_m=2.4, group_width=16, se=True)",
    "regnet_y_1_6gf": "regnet(27, w_0=48, w_a=20.71, w_m=2.65, group_width=24, se=True)",
    "regnet_y_3_2gf": "regnet(21, w_0=80, w_a=42.63, w_m=2.66, group_width=24, se=True)",
    "regnet_y_8gf": "regnet(17, w_0=192, w_a=76.82, w_m=2.19, group_width=56, se=True, version='torchvision')",
    "regnet_y_8gf_2020": "regnet(17, w_0=192, w_a=76.82, w_m=2.19, group_width=56, se=True)",
    "regnet_y_16gf": "regnet(18, w_0=200, w_a=106.23, w_m=2.48, group_width=112, se=True)",
    "regnet_y_32gf": "regnet(20, w_0=232, w_a=115.89, w_m=2.53, group_width=232, se=True)",
    "regnet_y_128gf": "regnet(27, w_0=456, w_a=160.83, w_m=2.52, group_width=264, se=True)",
    "mobilenetv1_100": "mobilenet_v1()",
    "mobilenetv1_125": "mobilenet_v1(width_multiplier=1.25)",
    "mobilenet_v2": "mobilenet_v2()",
    **{f"mobilenet_v3_{version}": f"mobilenet_v3('{version}')" for version in ("large", "small")},
    "efficientnet_b0": "efficientnet()",
    **{
        f"efficientnet_b{number}": f"efficientnet(width_multiplier={w}, depth_multiplier={d}, dropout={drop}, "
        f"{'eps=0.001, ' if number > 4 else ''}resolution={r})"
        for number, (w, d, drop, r) in enumerate(
            (
                (1.0, 1.1, 0.2, 240),
                (1.1, 1.2, 0.3, 288),
                (1.2, 1.4, 0.3, 300),
                (1.4, 1.8, 0.4, 380),
                (1.6, 2.2, 0.4, 456),
                (1.8, 2.6, 0.5, 528),
                (2.0, 3.1, 0.5, 600),
            ),
            start=1,
        )
    },
    "efficientnet_v2_s": "efficientnet_v2('s')",
    "efficientnet_v2_m": "efficientnet_v2('m', dropout=0.3, resolution=480)",
    "efficientnet_v2_l": "efficientnet_v2('l', dropout=0.4, resolution=480)",
    "convnext_tiny": "convnext()",
    "convnext_small": "convnext((3, 3, 27, 3), drop_depth=0.4)",
    "convnext_base": "convnext((3, 3, 27, 3), drop_depth=0.5, base_width=128)",
    "convnext_large": "convnext((3, 3, 27, 3), drop_depth=0.5, base_width=192)",
    **{f"densenet{depth}": f"densenet({depth})" for depth in (121, 169, 201)},
    "densenet161": "densenet(161, growth_rate=48, base_width=96)",
    **{
        f"repvgg_{name}{suffix}": f"repvgg({depth}, width_multiplier={a}, last_multiplier={b}{groups}{deployed})"
        for name, depth, a, b, groups in (
            ("a0", (2, 4, 14, 1), 0.75, 2.5, ""),
            ("a1", (2, 4, 14, 1), 1, 2.5, ""),
            ("a2", (2, 4, 14, 1), 1.5, 2.75, ""),
            ("b0", (4, 6, 16, 1), 1, 2.5, ""),
            ("b1", (4, 6, 16, 1), 2, 4, ""),
            ("b1g4", (4, 6, 16, 1), 2, 4, ", groups=4"),
            ("b2", (4, 6, 16, 1), 2.5, 5, ""),
            ("b2g4", (4, 6, 16, 1), 2.5, 5, ", groups=4"),
            ("b3", (4, 6, 16, 1), 3, 5, ""),
            ("b3g4", (4, 6, 16, 1), 3, 5, ", groups=4"),
        )
        for suffix, deployed in (("", ""), ("_deployed", ", deployed=True"))
    },
}

# A pattern stands for a call with its groups.
PATTERNS: Mapping[str, str] = {
    r"resnext(29|38|47|56)_(\d+)x(\d+)d": "resnext_cifar({}, {}, {})",
    r"resnext(\d+)_(\d+)x(\d+)d": "resnext({}, {}, {})",
    r"resnet(\d+)_cifar": "resnet_cifar({})",
    r"wrn_(\d+)_(\d+)": "wide_resnet({}, {})",
}


@checked
def network(model: str) -> Network:
    """The described network of a name (`resnext50_32x4d`), a call (`resnext(50, cardinality=8, width=14)`) or a file.

    An argument of a call may be an expression of free names, as in `resnext(50, cardinality=m, width=2*m)`. In a name
    neither capital letters matter, nor whether `-` or `_` stands in it.

    Raises InputError, with the nearest names, for any other text.

    >>> network("resnext101_64x4d").cost().macs
    15460270080
    >>> network("resnext(50, cardinality=8, width=14)")
    resnext(50, cardinality=8, width=14)
    """
    if model.endswith(".json"):
        return load(model)
    if "(" in model:
        return _call(model)
    call = call_of(model)
    if call is None:
        raise unknown("network", model, NAMED)
    return _call(call)


def call_of(name: str) -> str | None:
    """The call that a name stands for; None for a name that no described network has.

    >>> call_of("ResNeXt50-8x14d"), call_of("resnext50")
    ('resnext(50, 8, 14)', None)
    """
    if known := same_name(name, NAMED):
        return NAMED[known]
    for pattern, call in PATTERNS.items():
        if match := re.fullmatch(pattern, name.lower().replace("-", "_")):
            return call.format(*match.groups())
    return None


def matching(pattern: str) -> list[str]:
    """The names that a pattern stands for: a glob, or a part of a name. A name, a call and a file stand for themselves.

    Raises InputError, with the nearest names, where no name matches.

    >>> matching("resnext*_32x4d"), matching("inception")[:2], matching("vgg16")
    (['resnext50_32x4d', 'resnext101_32x4d', 'resnext152_32x4d'], ['inception_v3', 'inception_v4'], ['vgg16'])
    """
    if "(" in pattern or pattern.endswith(".json") or call_of(pattern):
        return [pattern]
    glob = pattern.lower() if set(pattern) & set("*?[") else f"*{pattern.lower().replace('-', '_')}*"
    found = [name for name in NAMED if fnmatchcase(name, glob)]
    if not found:
        raise unknown("network", pattern, NAMED)
    return found


# Every layer and every way to put them together, as a file names them.
NODE_NAMES = tuple(kind.__name__ for kind in (*get_args(Node), Repeat))


class _Saved(msgspec.Struct, forbid_unknown_fields=True):
    """What a file holds: the call of a network, and its description, each layer an object that names its class."""

    network: str
    description: Description


@checked
def save(network: Network, path: str | os.PathLike[str]) -> None:
    """Write a network's description and its call to a JSON file, whole or not at all.

    Raises InputError if the file cannot be written, or a size of the network is a formula.
    """
    from resnext_flops.files import write

    try:
        content = msgspec.json.encode(_Saved(repr(network), network.description), enc_hook=_refuse)
    except RecursionError:
        raise InputError("a network that is nested so deeply cannot be saved") from None
    write(path, msgspec.json.format(content, indent=1).decode() + "\n")


def _refuse(value: object) -> NoReturn:
    raise InputError(f"a network with the size {value} cannot be saved; give every free size a number first")


@checked
def load(path: str | os.PathLike[str]) -> Network:
    """The network that `save` wrote: with the arguments of its call, where the call still gives that description.

    Raises InputError for a file that cannot be read or holds no description, with the place of what is wrong.
    """
    from resnext_flops.files import read

    content = read(path)
    try:
        saved = msgspec.json.decode(content, type=_Saved)
        own = described(saved.description, saved.network)
    except RecursionError:
        raise InputError(f"{str(path)!r} holds no saved network: it is nested too deeply") from None
    except ValueError as error:
        raise InputError(f"{str(path)!r} holds no saved network: {_sentence(str(error))}") from None
    try:
        same = _call(saved.network)
    except InputError:
        return own
    return same if same.description == saved.description else own


def _sentence(message: str) -> str:
    """msgspec's message as ours: the place first, and the nearest names for a layer that does not exist."""
    what, _, place = message.replace("`", "").rpartition(" - at ")
    if not what:
        return place
    if named := re.fullmatch(r"Invalid value '(.*)'", what):
        place, name = place.removesuffix(".layer"), named[1]
        what = f"a {name} cannot stand here" if name in NODE_NAMES else str(unknown("layer", name, NODE_NAMES))
    return f"{place}: {what}"


def _call(text: str) -> Network:
    """A family called with literals, and with expressions of free names. Nothing is evaluated."""
    written = parse_call(text)
    return families()[known_name("family", written.name, families())](*written.positional, **written.named)
