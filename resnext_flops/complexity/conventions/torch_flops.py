"""torch-flops, which runs a graph that `torch.fx` records: torch's own modules, and what is called outside of them.

The window of a pool that is given as one number is not squared. Multi-head attention modules, SiLU, ReLU6 and LSTM
count zero. It also counts the arithmetic of Python code with shapes, a few operations in a transformer, which no ledger
has.
"""

from math import prod

from resnext_flops.complexity.conventions.calls import calls, functions, outermost
from resnext_flops.complexity.conventions.convention import Parts, Run, Terms, counter, sums
from resnext_flops.complexity.conventions.vocabulary import (
    ADAPTIVE_AVG_POOLS,
    AVG_POOLS,
    BATCH_NORMS,
    CONV_FUNCTIONS,
    CONVS,
    INSTANCE_NORMS,
    MAX_POOLS,
    argument,
    attended,
    image_of,
    kernel_of,
    label,
    output_of,
    tensor,
    window_products,
)
from resnext_flops.complexity.products import matrix_product
from resnext_flops.complexity.records import Call, Function

# Functions that count one operation an output element.
ELEMENTWISE = frozenset(
    [
        "Tensor.__add__",
        "Tensor.__radd__",
        "Tensor.__iadd__",
        "torch.add",
        "Tensor.__mul__",
        "Tensor.__rmul__",
        "Tensor.__imul__",
        "torch.mul",
        "Tensor.__sub__",
        "torch.sub",
        "Tensor.__truediv__",
        "Tensor.exp",
        "Tensor.div",
    ]
)


@counter(
    "torch-flops",
    unit="FLOP",
    version="0.4.1",
    counts="2n - 1 a sum of n products, and biases, in torch's own modules and functions as torch.fx records them; "
    "norms 4, ReLU and GELU 1; multi-head attention modules, SiLU and LSTM 0",
    source="torch_flops/flops_ops.py",
    link="https://github.com/zugexiaodui/torch_flops",
    bias="1 an output",
    norm="4",
    activation="1 ReLU, GELU",
    pool="window",
    attention="2n - 1 a product",
    otherwise={"linear": "a multi-head attention module counts nothing, and its linear layers with it"},
)
def torch_flops(run: Run) -> Terms:
    """torch-flops: torch's own modules and what is called outside them, as `torch.fx` records it."""
    terms = Terms()
    made = list(calls(run))
    leaves = {number for number, (call, _) in enumerate(made) if _is_leaf(call)}
    for call, times in outermost(made, leaves):
        terms.add_parts(label(call), _parts(call), times)
    for function, times in functions(run):
        if not function.outer and not any(number < 0 or number in leaves for number in function.within):
            terms.add_parts(function.name, _function_parts(function), times)
    return terms


def _is_leaf(call: Call) -> bool:
    """Whether `torch.fx` takes a call as one node: of torch's own modules, but never of the whole model."""
    return call.path != "" and call.origin.startswith(("torch.nn", "torch.ao.nn")) and "Sequential" not in call.classes


def _parts(call: Call) -> Parts:
    name, output = call.classes[0] if call.classes else "", prod(output_of(call))
    if name in CONVS:
        yield from sums(window_products(call), output)
        yield "bias", output if "bias" in call.params else 0
    elif name == "Linear":
        yield from sums(output * call.settings["in_features"], output)
        yield "bias", output if "bias" in call.params else 0
    elif name in BATCH_NORMS | INSTANCE_NORMS | {"LayerNorm", "GroupNorm"}:
        yield "elements", 4 * prod(image_of(call))
    elif name in {"ReLU", "GELU"}:
        yield "elements", output
    elif name == "LeakyReLU":
        yield "elements", 4 * output
    elif name in AVG_POOLS:
        yield "elements", kernel_of(call, squared=False) * output
    elif name in MAX_POOLS:
        yield "elements", (kernel_of(call, squared=False) - 1) * output
    elif name in ADAPTIVE_AVG_POOLS:
        windows = (
            before // after if after == 1 or before % after == 0 else before - after * (before // after) + 1
            for before, after in zip(image_of(call)[2:], output_of(call)[2:], strict=True)
        )
        yield "elements", prod(windows) * output


def _function_parts(function: Function) -> Parts:
    output = prod(function.output)
    if function.name in ELEMENTWISE:
        yield "elements", output
    elif function.name in {"torch.matmul", "Tensor.__matmul__"}:
        yield from sums(matrix_product(function.output, tensor(function, 0, "input")[-1]), output)
    elif function.name == "F.linear":
        yield from sums(matrix_product(function.output, tensor(function, 0, "input")[-1]), output)
        yield "bias", 0 if argument(function, 2, "bias") is None else output
    elif function.name in CONV_FUNCTIONS:
        # It looks for the bias and the groups among the arguments that are given by name.
        weight = tensor(function, 1, "weight")
        groups = 0 if function.kwargs.get("bias") is not None else function.kwargs.get("groups") or 1
        yield from sums(matrix_product(function.output, prod(weight[1:])), groups * output)
    elif function.name == "F.leaky_relu":
        yield "elements", 4 * output
    elif function.name == "Tensor.softmax":
        length = function.output[argument(function, 1, "dim")]
        yield "elements", 2 * output + output // length * (length - 1)
    elif function.name == "F.scaled_dot_product_attention":
        query, key, value = attended(function)
        rows, scores = prod(query[:-1]), prod(query[:-1]) * key[-2]
        yield from sums(scores * query[-1], scores)
        yield from sums(scores * value[-1], rows * value[-1])
        factor = 3 if argument(function, 3, "attn_mask") is None else 4
        yield "softmax and scale", scores * factor + scores - rows
