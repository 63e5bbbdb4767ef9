"""What is alive at once in a real run on the CPU, for the tests of memory."""

import weakref
from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode


class Alive(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """The largest sum of storages, made under it or given, that exist at once, without those of the model."""

    def __init__(self, given: Tensor, model: nn.Module) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        # A fully-connected layer puts out a view of its weights.
        self.own = {tensor.untyped_storage().data_ptr() for tensor in (*model.parameters(), *model.buffers())}
        self.alive: dict[int, int] = {}
        self.largest = 0
        self._add(given)

    def _add(self, tensor: Tensor) -> None:
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
        for result in results if isinstance(results, tuple) else (results,):
            # Batch norm in evaluation mode puts out two statistics without elements.
            if isinstance(result, Tensor) and result.numel():
                self._add(result)
        return results
