"""What torch itself keeps for the backward pass of a real module, layer by layer."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn


def saved_bytes(model: nn.Module, inputs: Tensor) -> dict[str, int]:
    """Bytes that each module's forward pass is the first to save, by module path, without parameters and buffers.

    The model runs once, in the mode that it is in. A storage is counted once, as a whole, for its first module.

    >>> saved_bytes(nn.Sequential(nn.Linear(3, 5), nn.Linear(5, 2)), torch.zeros(7, 3))  # 7 * 3 and 7 * 5 numbers
    {'0': 84, '1': 140}
    """
    own = {tensor.untyped_storage().data_ptr() for tensor in (*model.parameters(), *model.buffers())}
    saved: list[tuple[str, Tensor]] = []
    path = [""]

    def save(tensor: Tensor) -> Tensor:
        saved.append((path[-1], tensor))  # kept alive, so that no storage is met twice
        return tensor

    hooks = []
    for name, module in model.named_modules():
        hooks.append(module.register_forward_pre_hook(_enter(path, name)))
        hooks.append(module.register_forward_hook(lambda *_: path.pop() and None))
    try:
        with torch.autograd.graph.saved_tensors_hooks(save, lambda tensor: tensor):
            model(inputs)
    finally:
        for hook in hooks:
            hook.remove()
    found: dict[str, int] = {}
    for name, tensor in saved:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            own.add(storage.data_ptr())
            found[name] = found.get(name, 0) + storage.nbytes()
    return found


def _enter(path: list[str], name: str) -> Callable[..., Any]:
    return lambda *_: path.append(name)
