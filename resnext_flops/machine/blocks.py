"""Random blocks of one to ten layers, of the kinds and sizes that networks have: what a machine is calibrated with.

A kernel alone is faster than the same kernel in a network, because its weights stay in the cache. So what is timed is a
block, whose layers take what others have just put out. A block is drawn by a recipe, which is its family: a fit is
judged by recipes that it did not see. All recipes draw from the same sizes: side and channels of a map go together as
they do in networks, large maps with few channels first. The same seed and number give the same block.

    >>> first = block(0, 0, batch=1)
    >>> first.model.cost().entries == block(0, 0, batch=1).model.cost().entries, first.family in RECIPES
    (True, True)
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from math import exp, log
from random import Random
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from resnext_flops.complexity.families.blocks import gated
from resnext_flops.complexity.features import features, moved
from resnext_flops.complexity.layers import (
    IDENTITY,
    Activation,
    AvgPool,
    BatchNorm,
    Concat,
    Conv,
    Description,
    Flatten,
    GlobalAvgPool,
    LayerNorm,
    LayerScale,
    Linear,
    MaxPool,
    Node,
    Permute,
    ReLU,
    Sequential,
    Shape,
    Sum,
)
from resnext_flops.complexity.ledger import Ledger
from resnext_flops.complexity.model import Model
from resnext_flops.complexity.network import described
from resnext_flops.counters.lookup import model
from resnext_flops.errors import InputError

if TYPE_CHECKING:
    from torch import nn

# The most multiply-adds of one run of a block, by device, so that many blocks are timed in minutes. The elements that
# it takes in and puts out are at most a tenth of them.
MOST_MACS = {"cpu": 400_000_000, "cuda": 40_000_000_000}
MOST_MOVED, MOST_WEIGHTS = 10, 40_000_000
# A run has at least a fortieth of these multiply-adds, or moves elements that are a 400th of them. What is around a
# run, such as code that is not in the cache, would be most of the time of a smaller one.
LEAST_MACS, LEAST_MOVED = 40, 400
# How many blocks of a recipe are drawn before another recipe is, and how many recipes.
DRAWN_BLOCKS, DRAWN_RECIPES = 50, 20
# The sides of images: most networks take 224 pixels.
IMAGES = (160, 192, 224, 224, 224, 224, 256, 288)
# The fewest and the most channels of a map, by how often its side was halved.
CHANNELS = {1: (16, 96), 2: (16, 256), 3: (24, 512), 4: (48, 1024), 5: (96, 2048)}
RELUS = (ReLU(),) * 4 + tuple(map(Activation, ("relu6", "hardswish", "silu")))
HEAD = 64  # channels of a head of attention


class Block(NamedTuple):
    """A block: its number among those of a seed, the recipe that it was drawn by, what that is like, and its model."""

    number: int
    family: str
    super_family: str
    model: Model


class Map(NamedTuple):
    """The channels and the side of a map of features, and how often the side was halved."""

    channels: int
    side: int
    halved: int

    @property
    def shape(self) -> Shape:
        """The shape of one example."""
        return (self.channels, self.side, self.side)


def _between(draw: Random, least: int, most: int) -> float:
    """A number that is as likely to be in one octave as in another."""
    return exp(draw.uniform(log(least), log(most)))


def _channels(draw: Random, least: int, most: int) -> int:
    """Channels as networks have them: multiples of 8, of 16 or of 32. Kernels are slower for others."""
    drawn = _between(draw, least, most)
    step = 8 if drawn < 64 else 16 if drawn < 256 else 32
    return max(step, round(drawn / step) * step)


def _map(draw: Random, first: int = 1) -> Map:
    halved = draw.randint(first, max(CHANNELS))
    return Map(_channels(draw, *CHANNELS[halved]), -(-draw.choice(IMAGES) // 2**halved), halved)


def _like(draw: Random, given: Map) -> int:
    """Other channels that go with a map."""
    return _channels(draw, *CHANNELS[given.halved])


def _chain(*layers: Node) -> Sequential:
    return Sequential(tuple((f"layer{number}", layer) for number, layer in enumerate(layers, start=1)))


def _conv(channels: int, kernel: int, stride: int = 1, groups: int = 1, bias: bool = False) -> Conv:
    return Conv(channels, kernel, stride, kernel // 2, groups, bias)


def _residual(draw: Random, given: Map, stride: int, *layers: Node) -> Node:
    """Layers beside an identity, or beside a projection where they change the shape. The last one is normalised."""
    shape = _chain(*layers)
    channels = next(layer.channels for layer in reversed(layers) if isinstance(layer, Conv))
    same = stride == 1 and channels == given.channels
    shortcut = IDENTITY if same else _chain(_conv(channels, 1, stride), BatchNorm())
    return _chain(Sum.of(residual=shape, shortcut=shortcut), *draw.choice(((ReLU(),), ())))


Drawn: TypeAlias = tuple[Shape, Node]


def _plain(draw: Random) -> Drawn:
    """Convolutions one after the other, as in VGG, in stems and in heads."""
    given = draw.choice((Map(3, draw.choice(IMAGES), 0), _map(draw), _map(draw)))
    layers: list[Node] = []
    bias, halved = draw.random() < 0.3, max(1, given.halved)
    for _ in range(draw.randint(1, 3)):
        kernel = draw.choice((1, 3, 3, 3, 5, 7))
        channels = _channels(draw, *CHANNELS[halved])
        stride = 2 if given.channels == 3 and not layers else draw.choice((1, 1, 1, 2))
        layers.append(_conv(channels, kernel, stride, bias=bias))
        layers += [] if bias else [BatchNorm()]
        layers += draw.choice(((draw.choice(RELUS),), ()))
    layers += draw.choice(((), (), (MaxPool(3, 2, 1),)))
    return given.shape, _chain(*layers)


def _long_kernels(draw: Random) -> Drawn:
    """Kernels of one row and of one column, as in Inception."""
    given, kernel = _map(draw, 3), draw.choice((3, 7))
    layers: list[Node] = []
    for size in draw.sample(((1, kernel), (kernel, 1)), 2):
        padding = (size[0] // 2, size[1] // 2)
        layers += [Conv(_like(draw, given), size, 1, padding), BatchNorm(), ReLU()]
    return given.shape, _chain(*layers)


def _basic(draw: Random) -> Drawn:
    """The residual block of ResNet-18."""
    given, stride = _map(draw, 2), draw.choice((1, 1, 2))
    channels = given.channels * stride
    layers = (_conv(channels, 3, stride), BatchNorm(), ReLU(), _conv(channels, 3), BatchNorm())
    return given.shape, _residual(draw, given, stride, *layers)


def _bottleneck(draw: Random, groups: tuple[int, ...] = (1,), gate: bool = False) -> Drawn:
    """1x1, 3x3 in groups, and 1x1, with a sum: ResNet-50, ResNeXt and RegNet."""
    given, stride, count = _map(draw, 2), draw.choice((1, 1, 1, 2)), draw.choice(groups)
    channels = draw.choice((given.channels, given.channels * 2, _like(draw, given)))
    width = max(count, channels // draw.choice((1, 2, 4)) // count * count)
    layers: list[Node] = [_conv(width, 1), BatchNorm(), ReLU(), _conv(width, 3, stride, count), BatchNorm(), ReLU()]
    layers += [gated(width, max(8, given.channels // 4))] if gate else []
    return given.shape, _residual(draw, given, stride, *layers, _conv(channels, 1), BatchNorm())


def _grouped(draw: Random) -> Drawn:
    """Grouped convolutions without 1x1 convolutions around them."""
    given, groups = _map(draw, 2), draw.choice((2, 4, 8, 16, 32))
    width = max(1, given.channels // groups) * groups
    layers: list[Node] = []
    for _ in range(draw.randint(1, 2)):
        layers += [
            _conv(width, draw.choice((3, 3, 5)), draw.choice((1, 1, 2)), groups),
            BatchNorm(),
            draw.choice(RELUS),
        ]
    return (width, *given.shape[1:]), _chain(*layers)


def _inverted(draw: Random) -> Drawn:
    """1x1 to more channels, a depthwise convolution, perhaps a gate, and 1x1 back: MobileNet and EfficientNet."""
    given, stride, function = _map(draw), draw.choice((1, 1, 2)), draw.choice(RELUS)
    channels = min(given.channels, 320) // 8 * 8
    wide = channels * draw.choice((1, 3, 4, 6))
    depthwise = _conv(wide, draw.choice((3, 3, 5)), stride, wide)
    layers: list[Node] = [_conv(wide, 1), BatchNorm(), function, depthwise, BatchNorm(), function]
    if draw.random() < 0.5:
        layers.append(gated(wide, max(8, channels // 4), function, Activation(draw.choice(("sigmoid", "hardsigmoid")))))
    layers += [_conv(channels, 1), BatchNorm()]
    narrow = given._replace(channels=channels)
    return narrow.shape, _residual(draw, narrow, stride, *layers) if stride == 1 else _chain(*layers)


def _separable(draw: Random) -> Drawn:
    """Depthwise and 1x1 convolutions in turn: MobileNet V1, and the branches of ShuffleNet."""
    given, layers = _map(draw), list[Node]()
    channels = given.channels
    for _ in range(draw.randint(1, 2)):
        layers += [_conv(channels, draw.choice((3, 3, 5, 7)), draw.choice((1, 1, 2)), channels), BatchNorm()]
        layers += draw.choice(((draw.choice(RELUS),), ()))
        channels = _like(draw, given)
        layers += [_conv(channels, 1), BatchNorm(), *draw.choice(((draw.choice(RELUS),), ()))]
    return given.shape, _chain(*layers)


def _split(draw: Random) -> Drawn:
    """Two branches with depthwise convolutions, concatenated: ShuffleNet V2."""
    given, stride = _map(draw, 2), draw.choice((1, 2))
    half = max(8, given.channels // 2)
    first = _chain(_conv(given.channels, 3, stride, given.channels), BatchNorm(), _conv(half, 1), BatchNorm(), ReLU())
    second = _chain(_conv(half, 1), BatchNorm(), ReLU(), _conv(half, 3, stride, half), BatchNorm(), _conv(half, 1))
    return given.shape, Concat.of(first=first, second=second)


def _convnext(draw: Random) -> Drawn:
    """A depthwise 7x7 convolution, layer norm, and two fully-connected layers on each pixel: ConvNeXt."""
    given = _map(draw, 2)
    channels = given.channels
    layers: list[Node] = [_conv(channels, 7, 1, channels, bias=True), Permute((1, 2, 0)), LayerNorm()]
    layers += [Linear(4 * channels), Activation("gelu"), Linear(channels), Permute((2, 0, 1)), LayerScale()]
    return given.shape, Sum.of(input=IDENTITY, residual=_chain(*layers))


def _dense(draw: Random) -> Drawn:
    """What DenseNet concatenates with its input, and the layers between its stages."""
    given = _map(draw, 2)
    if draw.random() < 0.3:
        return given.shape, _chain(BatchNorm(), ReLU(), _conv(max(8, given.channels // 2), 1), AvgPool(2, 2))
    growth = draw.choice((12, 24, 32, 48))
    layers = (BatchNorm(), Activation("relu6"), _conv(4 * growth, 1), BatchNorm(), ReLU(), _conv(growth, 3))
    return given.shape, Concat.of(input=IDENTITY, added=_chain(*layers))


def _branches(draw: Random) -> Drawn:
    """Convolutions of several kernels and a pool side by side: Inception and SqueezeNet."""
    given, norms = _map(draw, 2), draw.choice(((), (BatchNorm(),)))

    def some(kernel: int, divisor: int) -> tuple[Node, ...]:
        return (_conv(max(8, _like(draw, given) // divisor), kernel, bias=not norms), *norms, ReLU())

    branches: list[tuple[str, Node]] = [("a", _chain(*some(1, 2))), ("b", _chain(*some(1, 4), *some(3, 2)))]
    if draw.random() < 0.5:
        branches.append(("c", _chain(draw.choice((MaxPool(3, 1, 1),) * 3 + (AvgPool(3, 1, 1),)), *some(1, 4))))
    return given.shape, Concat(tuple(branches))


def _elements(draw: Random) -> Drawn:
    """Norms, activations, pools and sums without any convolution. Windows of averages are as rare as in networks."""
    given = _map(draw)
    kinds: tuple[Callable[[], Node], ...] = (
        BatchNorm,
        lambda: draw.choice(RELUS),
        lambda: Activation(draw.choice(("gelu", "silu", "sigmoid"))),
        lambda: Sum.of(input=IDENTITY, other=BatchNorm()),
        lambda: Concat.of(input=IDENTITY, other=BatchNorm()),
        lambda: MaxPool(draw.choice((2, 3, 3)), draw.choice((1, 2, 2)), 1),
        lambda: _chain(Permute((1, 2, 0)), LayerNorm(), Permute((2, 0, 1))),
        LayerScale,
    )
    return given.shape, _chain(*(draw.choice(kinds)() for _ in range(draw.randint(1, 8))))


def _mixed(draw: Random) -> Drawn:
    """Up to ten layers of any kind, in any order."""
    given = _map(draw)
    channels, layers = given.channels, list[Node]()
    for _ in range(draw.randint(1, 10)):
        kind = draw.randrange(8)
        wide = _like(draw, given)
        match kind:
            case 0 | 1:
                layers.append(_conv(wide, 3 if kind else 1, draw.choice((1, 1, 1, 2))))
                channels = wide
            case 2:
                layers.append(_conv(channels, draw.choice((3, 5, 7)), draw.choice((1, 1, 2)), channels))
            case 3:
                layers.append(_conv(channels, 3, 1, draw.choice([each for each in (2, 4, 8) if channels % each == 0])))
            case 4 | 5:
                layers.append(BatchNorm() if kind == 4 else draw.choice(RELUS))
            case 6:
                layers.append(gated(channels, max(8, channels // 4)))
            case _:
                layers.append(Sum.of(input=IDENTITY, other=_chain(_conv(channels, 1), BatchNorm())))
    return given.shape, _chain(*layers)


def _classifier(draw: Random) -> Drawn:
    """Fully-connected layers at the end of a network."""
    given = _map(draw, 5)
    first = GlobalAvgPool() if draw.random() < 0.6 else MaxPool(3, 2)
    layers: list[Node] = [first, Flatten(), Linear(_channels(draw, 100, 4096))]
    layers += draw.choice(((), (), (ReLU(), Linear(_channels(draw, 100, 4096)))))
    return given.shape, _chain(*layers)


def _means(draw: Random) -> Model:
    """A block of timm's MobileNets and EfficientNets: gates of means, and norms of groups or of channels, too."""
    given = _map(draw)
    wide, norm = draw.choice((1, 3, 4, 6)), draw.choice(("batchnorm2d", "batchnorm2d", "groupnorm1", "layernorm2d"))
    function, stride = draw.choice(("relu", "silu", "hard_swish")), draw.choice((1, 1, 2))
    channels = min(given.channels, 320)
    make = partial(_of_timm, channels, draw.choice((3, 3, 5)), stride, wide, function, norm, draw.random() < 0.75)
    return model(make, inputs=(1, channels, *given.shape[1:]))


def _of_timm(
    channels: int, kernel: int, stride: int, wide: int, function: str, norm: str, is_gated: bool
) -> "nn.Module":
    from timm.models._efficientnet_blocks import InvertedResidual, SqueezeExcite

    gate = partial(SqueezeExcite, rd_ratio=1 / (4 * wide))
    return InvertedResidual(
        channels,
        channels,
        kernel,
        stride,
        exp_ratio=wide,
        act_layer=function,
        norm_layer=norm,
        se_layer=gate if is_gated else None,  # type: ignore[arg-type]  # it is called, so it need not be a class
    )


def _tokens(draw: Random) -> tuple[int, int]:
    """How many tokens there are, and the features of each."""
    return draw.choice((50, 64, 144, 196, 197, 257, 400)), HEAD * round(_between(draw, 2, 16))


def _perceptron(draw: Random) -> Drawn:
    """Two fully-connected layers on each token, with a norm and a sum."""
    tokens, features = _tokens(draw)
    layers = (LayerNorm(), Linear(features * draw.choice((2, 4))), Activation("gelu"), Linear(features))
    return (tokens, features), Sum.of(input=IDENTITY, residual=_chain(*layers))


def _encoder(draw: Random) -> Model:
    """A block of a vision transformer, of torchvision or of timm."""
    tokens, features = _tokens(draw)
    return model(partial(_transformer, draw.random() < 0.5, features), inputs=(1, tokens, features))


def _transformer(of_torchvision: bool, features: int) -> "nn.Module":
    if of_torchvision:
        from torchvision.models.vision_transformer import EncoderBlock

        return EncoderBlock(features // HEAD, features, 4 * features, 0.0, 0.0)  # type: ignore[no-any-return]
    from timm.models.vision_transformer import Block as Transformer

    return Transformer(features, features // HEAD)


def _attention(draw: Random) -> Model:
    """Attention alone: in one operator, or in products of matrices."""
    tokens, features = _tokens(draw)
    return model(partial(_heads, features, draw.random() < 0.5), inputs=(1, tokens, features))


def _heads(features: int, fused: bool) -> "nn.Module":
    from timm.layers.attention import Attention

    found = Attention(features, features // HEAD)
    found.fused_attn = fused  # type: ignore[misc]  # timm sets it by a switch for all modules
    return found


def _windows(draw: Random) -> Model:
    """A block of a Swin transformer, with attention in windows."""
    halved = draw.randint(2, 5)
    side, features = 224 // 2**halved, 32 * round(_between(draw, 2, 3 * 2 ** (halved - 2) + 1))
    shift = draw.choice((0, 3)) if side > 7 else 0
    return model(partial(_swin, features, shift), inputs=(1, side, side, features))


def _swin(features: int, shift: int) -> "nn.Module":
    from torchvision.models.swin_transformer import SwinTransformerBlock

    return SwinTransformerBlock(features, features // 32, [7, 7], [shift, shift])  # type: ignore[no-any-return]


class Recipe(NamedTuple):
    """How blocks are drawn, what they are like, and how often they are."""

    draw: Callable[[Random], Drawn | Model]
    like: str
    weight: int = 2


_DENSE, _GROUPS, _DEPTHWISE = "dense convolutions", "grouped convolutions", "depthwise convolutions"
_TRANSFORMERS, _OTHERS = "transformers", "other layers"
RECIPES: Mapping[str, Recipe] = {
    "plain": Recipe(_plain, _DENSE, 4),
    "long kernels": Recipe(_long_kernels, _DENSE, 1),
    "basic": Recipe(_basic, _DENSE),
    "bottleneck": Recipe(_bottleneck, _DENSE, 3),
    "dense": Recipe(_dense, _DENSE),
    "branches": Recipe(_branches, _DENSE),
    "grouped": Recipe(_grouped, _GROUPS),
    "grouped bottleneck": Recipe(partial(_bottleneck, groups=(2, 4, 8, 16, 32, 64)), _GROUPS, 4),
    "gated bottleneck": Recipe(partial(_bottleneck, groups=(2, 4, 8, 16), gate=True), _GROUPS),
    "inverted": Recipe(_inverted, _DEPTHWISE, 4),
    "means": Recipe(_means, _DEPTHWISE, 3),
    "separable": Recipe(_separable, _DEPTHWISE),
    "split": Recipe(_split, _DEPTHWISE),
    "convnext": Recipe(_convnext, _DEPTHWISE),
    "perceptron": Recipe(_perceptron, _TRANSFORMERS, 1),
    "encoder": Recipe(_encoder, _TRANSFORMERS),
    "attention": Recipe(_attention, _TRANSFORMERS),
    "windows": Recipe(_windows, _TRANSFORMERS),
    "elements": Recipe(_elements, _OTHERS, 3),
    "mixed": Recipe(_mixed, _OTHERS, 4),
    "classifier": Recipe(_classifier, _OTHERS),
}


def block(seed: int, number: int, batch: int, device: str = "cpu") -> Block:
    """The block of a number. Of those that are drawn, the first that is neither too large nor too small is taken.

    batch: examples of a run. device: the kind of machine that runs it, a key of `MOST_MACS`.
    Raises InputError for a batch at which no block is small enough.
    """
    draw = Random(f"{seed}:{number}")  # noqa: S311 (nothing secret)
    for _ in range(DRAWN_RECIPES):
        family = draw.choices(list(RECIPES), [each.weight for each in RECIPES.values()])[0]
        recipe = RECIPES[family]
        for found in drawn_by(recipe, draw, f"block{number}"):
            if _is_fit(found.cost(), batch, MOST_MACS[device]):
                return Block(number, family, recipe.like, found)
    raise InputError(f"the batch is {batch:,}; no random block is small enough for it; give a smaller one")


def drawn_by(recipe: Recipe, draw: Random, name: str) -> Iterator[Model]:
    """The blocks that a recipe draws, without those that are not possible."""
    for _ in range(DRAWN_BLOCKS):
        drawn = recipe.draw(draw)
        try:
            yield _as_model(drawn, name) if isinstance(drawn, tuple) else drawn
        except InputError:  # it strides more often than its map has pixels
            continue


def _is_fit(ledger: Ledger, batch: int, most: int) -> bool:
    macs, elements = ledger.macs * batch, moved(features(ledger)) * batch
    enough = macs * LEAST_MACS >= most or elements * LEAST_MOVED >= most
    return enough and macs <= most and elements * MOST_MOVED <= most and ledger.params <= MOST_WEIGHTS


def _as_model(drawn: Drawn, name: str) -> Model:
    shape, body = drawn
    return described(Description(shape, _chain(body)), name)
