"""What a real run keeps and holds, for the tests of memory. It tells storages apart by where their data is."""

import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


def own(model: nn.Module) -> set[int]:
    """The storages of a model. They matter because a fully-connected layer puts out a view of its weights."""
    return {tensor.untyped_storage().data_ptr() for tensor in (*model.parameters(), *model.buffers())}


class Alive(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """The largest sum of storages, made under it or given, that exist at once, without those of the model."""

    def __init__(self, given: Any, model: nn.Module) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.own = own(model)
        self.alive: dict[int, int] = {}
        self.largest = 0
        self._add(given)

    def _add(self, values: Any) -> None:
        for tensor in tree_leaves(values):
            # Batch norm in evaluation mode puts out two statistics without elements.
            if not isinstance(tensor, Tensor) or not tensor.numel():
                continue
            storage = tensor.untyped_storage()
            key = storage.data_ptr()
            if key not in self.alive and key not in self.own:
                self.alive[key] = storage.nbytes()
                weakref.finalize(storage, self.alive.pop, key)
        self.largest = max(self.largest, sum(self.alive.values()))

    def __torch_dispatch__(
        self, func: Any, types: Sequence[type], args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        results = func(*args, **(kwargs or {}))
        self._add(results)
        return results


def most_alive(model: nn.Module, *args: Any, **kwargs: Any) -> int:
    """The most bytes that exist at once in a run in evaluation mode without gradients."""
    alive = Alive((args, kwargs), model)
    model.eval()
    with torch.no_grad(), alive:
        model(*args, **kwargs)
    return alive.largest


def saved(model: nn.Module, *args: Any, **kwargs: Any) -> dict[str, int]:
    """The bytes that each module is the first to save for the backward pass, in training mode."""
    found: dict[str, int] = {}
    path, known, kept = [""], own(model), []

    def enter(name: str) -> Callable[..., None]:
        return lambda *_: path.append(name)

    def save(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in known:
            known.add(storage.data_ptr())
            kept.append(tensor)  # so that no other tensor takes its place
            found[path[-1]] = found.get(path[-1], 0) + storage.nbytes()
        return tensor

    handles = []
    model.train()
    for name, module in model.named_modules():
        handles.append(module.register_forward_pre_hook(enter(name)))
        handles.append(module.register_forward_hook(lambda *_: path.pop() and None, always_call=True))
    with torch.autograd.graph.saved_tensors_hooks(save, lambda tensor: tensor):
        model(*args, **kwargs)
    for handle in handles:
        handle.remove()
    return found
