"""Recurrent layers: steps x gates x hidden units x (inputs + hidden units), for each sequence, layer and direction."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from resnext_flops.proof.conformance.case import Case, One, Two, group, weight

STEPS = (3, 2, 4)  # three steps of two sequences of four inputs


def _packed(module: Any, x: Tensor) -> Tensor:
    """Sequences of three steps and of one."""
    rows = pack_padded_sequence(x, torch.tensor([3, 1]))
    made: Tensor = pad_packed_sequence(module.layer(rows)[0])[0]
    return made


def _each_sequence(module: Any, x: Tensor) -> Tensor:
    made = torch.zeros(3, 2, 5)
    for place, length in enumerate((3, 1)):
        made[:length, place] = module.layer(x[:length, place])[0]
    return made


def _unrolled(module: Any, x: Tensor) -> Tensor:
    """A cell that is called for each step."""
    state = None
    for step in x:
        state = module.cell(step, state)
    assert isinstance(state, Tensor)  # noqa: S101 (for mypy: there are steps)
    return state


def _one_operator(module: Any, x: Tensor) -> Tensor:
    state = x.new_zeros(1, 2, 5)
    weights = list(module.layer.parameters())
    how: Any = (*weights, state, state, False, [], 2, 5, 1, True, False, False, False)
    made: Tensor = torch.mkldnn_rnn_layer(x, *how)[0]
    return made


def _by_hand(module: Any, x: Tensor) -> Tensor:
    """A minimal gated unit, written out."""
    state = x.new_zeros(2, 5)
    for step in x:
        gate = (step @ module.first + state @ module.second).sigmoid()
        state = gate * state + (1 - gate) * step.mean(-1, keepdim=True)
    return state


def _of_images(module: Any, x: Tensor) -> Tensor:
    """A recurrent convolution: the state is an image."""
    state = x.new_zeros(1, 3, 4, 4)
    for image in x:
        state = module.conv(torch.cat([image[None], state], 1)).tanh()
    return state


CASES: list[Case] = group(
    "recurrent",
    [
        ("tanh", "one gate", lambda: nn.RNN(4, 5), (STEPS,), "3*2 * 5 * (4 + 5)"),
        ("relu", "the other activation", lambda: nn.RNN(4, 5, nonlinearity="relu"), (STEPS,), "3*2 * 5 * (4 + 5)"),
        ("lstm", "four gates", lambda: nn.LSTM(4, 5), (STEPS,), "3*2 * 4 * 5 * (4 + 5)"),
        ("gru", "three gates", lambda: nn.GRU(4, 5), (STEPS,), "3*2 * 3 * 5 * (4 + 5)"),
        ("no bias", "biases add no product", lambda: nn.LSTM(4, 5, bias=False), (STEPS,), "3*2 * 4 * 5 * (4 + 5)"),
        (
            "batch first",
            "two sequences of three steps",
            lambda: nn.GRU(4, 5, batch_first=True),
            ((2, 3, 4),),
            "2*3 * 3 * 5 * (4 + 5)",
        ),
        ("one sequence", "an input without a batch", lambda: nn.LSTM(4, 5), ((3, 4),), "3 * 4 * 5 * (4 + 5)"),
        ("one step", "one step takes the state too", lambda: nn.GRU(4, 5), ((1, 2, 4),), "1*2 * 3 * 5 * (4 + 5)"),
        (
            "two layers",
            "the second takes five units",
            lambda: nn.LSTM(4, 5, 2),
            (STEPS,),
            "3*2 * 4 * 5 * (4 + 5) + 3*2 * 4 * 5 * (5 + 5)",
        ),
        (
            "both directions",
            "each has weights of its own",
            lambda: nn.LSTM(4, 5, bidirectional=True),
            (STEPS,),
            "2 * 3*2 * 4 * 5 * (4 + 5)",
        ),
        (
            "two layers, both directions",
            "the second takes ten units",
            lambda: nn.GRU(4, 5, 2, bidirectional=True),
            (STEPS,),
            "2 * 3*2 * 3 * 5 * (4 + 5) + 2 * 3*2 * 3 * 5 * (10 + 5)",
        ),
        (
            "projected",
            "the state has three units, made of five",
            lambda: nn.LSTM(4, 5, proj_size=3),
            (STEPS,),
            "3*2 * 4 * 5 * (4 + 3) + 3*2 * 5 * 3",
        ),
        (
            "projected, two layers, both directions",
            "the second takes six units",
            lambda: nn.LSTM(4, 5, 2, proj_size=3, bidirectional=True),
            (STEPS,),
            "2 * 3*2 * (4 * 5 * (4 + 3) + 5 * 3) + 2 * 3*2 * (4 * 5 * (6 + 3) + 5 * 3)",
        ),
        (
            "given state",
            "the first state comes in",
            lambda: Two(lambda m, x, state: m.layer(x, state)[0], layer=nn.GRU(4, 5)),
            (STEPS, (1, 2, 5)),
            "3*2 * 3 * 5 * (4 + 5)",
        ),
        (
            "packed",
            "steps of padding are not taken: three and one",
            lambda: One(_packed, layer=nn.LSTM(4, 5)),
            (STEPS,),
            "(3 + 1) * 4 * 5 * (4 + 5)",
            _each_sequence,
        ),
        (
            "packed gru",
            "the same of three gates",
            lambda: One(_packed, layer=nn.GRU(4, 5)),
            (STEPS,),
            "(3 + 1) * 3 * 5 * (4 + 5)",
            _each_sequence,
        ),
        (
            "packed tanh",
            "the same of one gate",
            lambda: One(_packed, layer=nn.RNN(4, 5)),
            (STEPS,),
            "(3 + 1) * 5 * (4 + 5)",
            _each_sequence,
        ),
        (
            "packed relu",
            "the same with the other activation",
            lambda: One(_packed, layer=nn.RNN(4, 5, nonlinearity="relu")),
            (STEPS,),
            "(3 + 1) * 5 * (4 + 5)",
            _each_sequence,
        ),
        ("cell", "one step of one gate", lambda: nn.RNNCell(4, 5), ((2, 4),), "2 * 5 * (4 + 5)"),
        ("lstm cell", "one step of four gates", lambda: nn.LSTMCell(4, 5), ((2, 4),), "2 * 4 * 5 * (4 + 5)"),
        ("gru cell", "one step of three gates", lambda: nn.GRUCell(4, 5), ((2, 4),), "2 * 3 * 5 * (4 + 5)"),
        (
            "unrolled",
            "a cell that is called three times",
            lambda: One(_unrolled, cell=nn.GRUCell(4, 5)),
            (STEPS,),
            "3 * 2 * 3 * 5 * (4 + 5)",
        ),
        (
            "one operator",
            "the operator that a CPU runs for each layer and direction",
            lambda: One(_one_operator, layer=nn.LSTM(4, 5)),
            (STEPS,),
            "3*2 * 4 * 5 * (4 + 5)",
            lambda m, x: m.layer(x)[0],
        ),
        (
            "by hand",
            "one gate, written as two products",
            lambda: One(_by_hand, first=weight(4, 5), second=weight(5, 5)),
            (STEPS,),
            "3*2 * 5 * (4 + 5)",
        ),
        (
            "of images",
            "two steps of a convolution of 2 + 3 channels",
            lambda: One(_of_images, conv=nn.Conv2d(5, 3, 3, padding=1)),
            ((2, 2, 4, 4),),
            "2 * 4*4 * 3 * (2 + 3) * 3*3",
        ),
    ],
)
