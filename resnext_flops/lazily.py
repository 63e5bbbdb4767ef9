"""Public functions whose modules are loaded when they are first called, so that `import resnext_flops` stays quick."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from resnext_flops.auditing import audit
    from resnext_flops.complexity.counters.operators import operator
    from resnext_flops.counting import count
    from resnext_flops.difference import diff
    from resnext_flops.identification import identify
else:

    def _later(module: str, name: str, summary: str) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            from importlib import import_module

            return getattr(import_module(f"resnext_flops.{module}"), name)(*args, **kwargs)

        call.__name__ = call.__qualname__ = name
        call.__doc__ = f"{summary}\n\nSee `resnext_flops.{module}.{name}` for its arguments."
        return call

    audit = _later("auditing", "audit", "What every counter says of a model, and why.")
    count = _later("counting", "count", "The ledger of a real model for some inputs.")
    diff = _later("difference", "diff", "Where two networks differ, layer by layer.")
    identify = _later("identification", "identify", "Which convention and variant gives a printed figure.")
    operator = _later("complexity.counters.operators", "operator", "Register the formula of an operator.")

__all__ = ["audit", "count", "diff", "identify", "operator"]
