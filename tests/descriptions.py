"""Random descriptions of small networks."""

from hypothesis import strategies as st

import resnext_flops as rf
from resnext_flops.complexity.layers import (
    ACTIVATIONS,
    IDENTITY,
    Activation,
    AvgPool,
    BatchNorm,
    Concat,
    Conv,
    Description,
    Dropout,
    Flatten,
    GlobalAvgPool,
    LayerNorm,
    LayerScale,
    Linear,
    MaxPool,
    Node,
    Permute,
    Product,
    ReLU,
    Repeat,
    Scale,
    Sequential,
    Sum,
    Widen,
)

LAST, FIRST = Permute((1, 2, 0)), Permute((2, 0, 1))
functions: list[Node] = [ReLU(), *(Activation(name) for name in ACTIVATIONS)]
activated = st.sampled_from(functions).map(lambda function: Sequential.of(norm=BatchNorm(), function=function))
gates = st.builds(
    lambda squeezed, gate: Product.of(
        input=IDENTITY,
        gate=Sequential.of(
            pool=GlobalAvgPool(), fc1=Conv(2, 1, bias=True), relu=squeezed, fc2=Conv(4, 1, bias=True), gate=gate
        ),
    ),
    st.sampled_from([ReLU(), Activation("silu")]),
    st.sampled_from([Activation("sigmoid"), Activation("hardsigmoid")]),
)
channels_last = Sequential.of(
    last=LAST, norm=LayerNorm(), fc1=Linear(6), gelu=Activation("gelu"), fc2=Linear(4), first=FIRST
)

layers: st.SearchStrategy[Node] = st.one_of(
    st.builds(Conv, st.just(4), st.just(1), groups=st.sampled_from([1, 2]), bias=st.booleans()),
    st.just(BatchNorm()),
    activated,
    gates,
    st.just(channels_last),
    st.sampled_from([MaxPool(3, 1, 1), AvgPool(3, 1, 1), Dropout(), Scale(0.5), IDENTITY]),
    st.just(LayerScale()),
)
chains = st.lists(layers, min_size=1, max_size=3).map(
    lambda parts: Sequential(tuple((f"part{number}", part) for number, part in enumerate(parts)))
)
shortcuts = st.sampled_from([IDENTITY, Widen(4, 1), Sequential.of(conv=Conv(4, 1), norm=BatchNorm())])
residuals = st.builds(
    lambda branches: Sequential.of(
        add=Sum(tuple((f"branch{number}", branch) for number, branch in enumerate(branches))), relu=ReLU()
    ),
    st.one_of(st.tuples(chains, shortcuts), st.tuples(chains, chains, shortcuts), st.tuples(chains)),
)
concats = st.builds(
    lambda branches: Sequential.of(
        paths=Concat(tuple((f"path{number}", branch) for number, branch in enumerate(branches))), reduce=Conv(4, 1)
    ),
    st.lists(chains, min_size=1, max_size=3),
)

blocks = st.one_of(layers, residuals, concats)


@st.composite
def networks(draw: st.DrawFn) -> rf.Network:
    drawn: list[Node] = draw(st.lists(blocks, min_size=1, max_size=3))
    parts: dict[str, Node | Repeat] = {f"part{number}": part for number, part in enumerate(drawn)}
    parts["block"] = Repeat(draw(residuals), draw(st.integers(1, 3)), draw(residuals))
    stem: dict[str, Node] = draw(
        st.sampled_from([{"conv": Conv(4, 3, stride=2)}, {"shrink": MaxPool(2, 2), "conv": Conv(4, 1)}])
    )
    body = Sequential.of(**stem, **parts, pool=GlobalAvgPool(), flatten=Flatten(), fc=Linear(3))
    return rf.described(Description((3, 9, 8), body), "random")
