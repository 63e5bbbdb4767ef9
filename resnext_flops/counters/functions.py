"""The Python functions that other counters replace: here they are replaced for one run, and their calls are noted.

A dispatch mode sees operators, not the name by which Python code called them: `x + y` and `torch.add(x, y)` are one
operator, and calflops counts the second alone. So these names are replaced during one run, as those counters do it, and
then put back. A function that was imported by name before is not noticed, and the counters do not notice it either.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

import torch
from torch import nn
from torch.nn import functional

from resnext_flops.complexity.conventions.vocabulary import (
    ADDED_PRODUCTS,
    CONV_FUNCTIONS,
    ELEMENTWISE,
    MORE_PRODUCTS,
    POOL_FUNCTIONS,
    PRODUCT_FUNCTIONS,
    TRANSPOSED_FUNCTIONS,
)
from resnext_flops.counters.exclusive import HERE

Note: TypeAlias = Callable[[str, Any, Any, Any, tuple[str, ...]], None]

_OWNERS = {"F": functional, "torch": torch, "Tensor": torch.Tensor}

# As a reader would write them.
REPLACED = (
    *sorted(CONV_FUNCTIONS | TRANSPOSED_FUNCTIONS | POOL_FUNCTIONS),
    *sorted(PRODUCT_FUNCTIONS | MORE_PRODUCTS | ADDED_PRODUCTS | ELEMENTWISE),
    *(f"F.{name}" for name in ("linear", "batch_norm", "layer_norm", "instance_norm", "group_norm", "softmax")),
    *(f"F.{name}" for name in ("relu", "prelu", "elu", "leaky_relu", "relu6", "silu", "gelu")),
    *("F.upsample", "F.interpolate", "F.scaled_dot_product_attention", "F.multi_head_attention_forward"),
    *("torch.sub", "torch.einsum", "Tensor.div", "Tensor.exp", "Tensor.sum", "Tensor.softmax"),
    *(f"Tensor.__{name}__" for name in ("matmul", "add", "radd", "iadd", "mul", "rmul", "imul", "sub", "truediv")),
)


@contextmanager
def noted(note: Note) -> Iterator[None]:
    """Call `note(name, args, kwargs, output, outer)` after each call; `outer` names the calls around it."""
    running: list[str] = []
    own = HERE.token
    places = [(_OWNERS[shown.partition(".")[0]], shown.partition(".")[2], shown) for shown in REPLACED]
    before = [(owner, name, vars(owner).get(name)) for owner, name, _ in places]
    try:
        for owner, name, shown in places:
            setattr(owner, name, _noting(shown, getattr(owner, name), note, running, own))
        yield
    finally:
        for owner, name, original in before:
            if original is None:
                delattr(owner, name)  # it was inherited
            else:
                setattr(owner, name, original)


@contextmanager
def calls_seen(enter: Callable[[nn.Module, Any], None], leave: Callable[..., None]) -> Iterator[None]:
    """Call `enter(module, args)` before each call of a module, and `leave(module, args, kwargs, output)` after it.

    Torch's global hooks would do it too, but they send each call on a slower path.
    """
    owner: Any = nn.Module
    original = owner._call_impl  # noqa: SLF001
    own = HERE.token

    def call(module: nn.Module, *args: Any, **kwargs: Any) -> Any:
        if HERE.token is not own:
            return original(module, *args, **kwargs)
        enter(module, args)
        output = None
        try:
            output = original(module, *args, **kwargs)
        finally:
            leave(module, args, kwargs, output)
        return output

    owner._call_impl = call  # noqa: SLF001
    try:
        yield
    finally:
        owner._call_impl = original  # noqa: SLF001


def _noting(shown: str, original: Any, note: Note, running: list[str], own: object) -> Any:
    def call(*args: Any, **kwargs: Any) -> Any:
        if HERE.token is not own:
            return original(*args, **kwargs)
        outer = tuple(running)
        running.append(shown)
        try:
            output = original(*args, **kwargs)
        finally:
            running.pop()
        note(shown, args, kwargs, output, outer)
        return output

    # `functools.wraps` copies more, and takes more time than all the rest of a replacement.
    call.__name__, call.__wrapped__ = getattr(original, "__name__", shown), original  # type: ignore[attr-defined]
    return call
