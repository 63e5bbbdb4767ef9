"""What a MODEL on the command line can be: a described network, or a real module found by name.

A real model is `torchvision:NAME`, `timm:NAME`, or `package.module:factory`, imported from the current directory; its
factory returns an `nn.Module`, a `Network` or a `Description`. A bare name that no described network has is looked for
in torchvision and then in timm.
"""

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from resnext_flops.complexity.layers import Description
from resnext_flops.complexity.names import NAMED, PATTERNS, network
from resnext_flops.complexity.network import Network, described
from resnext_flops.errors import InputError, one_line, unknown

if TYPE_CHECKING:
    from torch import nn

ZOOS = ("torchvision", "timm")
RESOLUTION = 224


class Model(NamedTuple):
    """A model by name: described, or a real module that is built when it is asked for.

    resolution: the pixels of its usual input, where it takes an image.
    remark: which library a bare name was found in, or nothing.
    """

    name: str
    network: Network | None = None
    build: "Callable[[], nn.Module] | None" = None
    input: tuple[int, ...] = (3, RESOLUTION, RESOLUTION)
    remark: str = ""

    def module(self) -> "tuple[nn.Module, tuple[str, ...]]":
        """The real module, on the device `meta` where it can be built there, and what is to be said about it.

        Raises InputError, with the constructor's own error, if it cannot be built.
        """
        remarks = (self.remark,) if self.remark else ()
        if self.network is not None:
            return self.network.to_torch("meta"), remarks
        import torch

        build = self.build
        if build is None:
            raise InputError(f"{self.name!r} has neither a description nor a constructor")
        try:
            with silent(), torch.device("meta"):
                return build(), remarks
        except InputError:
            raise
        except Exception as error:  # noqa: BLE001 (whatever a constructor raises on `meta`, it may not raise elsewhere)
            reason = one_line(error)
        return self.real_module(), (
            *remarks,
            f"it cannot be built on the device meta ({reason}), so it was built on cpu",
        )

    def real_module(self) -> "nn.Module":
        """The real module with memory, on the CPU. Raises InputError if it cannot be built."""
        if self.network is not None:
            return self.network.to_torch("cpu")
        try:
            with silent():
                return self.build()  # type: ignore[misc]
        except InputError:
            raise
        except Exception as error:  # noqa: BLE001 (the constructor's own error is the answer)
            raise InputError(f"{self.name!r} cannot be built: {one_line(error)}") from None


def find(text: str) -> Model:
    """The model of a name on the command line.

    Raises InputError, with the nearest names, for what is none.

    >>> find("resnet50").network
    resnet(50)
    """
    library, colon, name = text.partition(":")
    if colon and library in ZOOS:
        return _in_zoo(library, name)
    if colon:
        return _imported(library, name)
    if text in NAMED or "(" in text or text.endswith(".json") or any(re.fullmatch(each, text) for each in PATTERNS):
        return Model(text, network(text))
    for library in ZOOS:
        if text in _names(library):
            return _in_zoo(library, text)._replace(remark=f"no described network is called {text!r}; {library} has one")
    from difflib import get_close_matches

    known = dict.fromkeys([*NAMED, *(name for library in ZOOS for name in _names(library))])
    if get_close_matches(text, known):
        raise unknown("model", text, known)
    raise InputError(
        f"unknown model {text!r}; give a name that `models` lists, torchvision:NAME, timm:NAME, or "
        "package.module:factory"
    )


def _names(library: str) -> list[str]:
    """The models of a library, none if it is not installed."""
    try:
        with silent():
            if library == "timm":
                import timm

                return list(timm.list_models())
            from torchvision import models

            return list(models.list_models(module=models))
    except ImportError:
        return []


def _in_zoo(library: str, name: str) -> Model:
    names = _names(library)
    if not names:
        raise InputError(f"{library} is not installed; install the extra `zoo` of this project")
    if library == "timm":
        import timm

        if name not in names:
            raise unknown("model of timm", name, names)
        shape = timm.get_pretrained_cfg(name, allow_unregistered=True)
        size = tuple(shape.input_size) if shape else (3, RESOLUTION, RESOLUTION)
        return Model(f"timm:{name}", None, lambda: timm.create_model(name), size)
    from torchvision import models

    if name not in models.list_models():
        raise unknown("model of torchvision", name, names)

    def build() -> "nn.Module":
        extra = {} if name in names else {"weights_backbone": None}
        model: nn.Module = models.get_model(name, weights=None, **extra)
        return model

    # Some weights are for a larger image than the model has without them.
    crops = [each.transforms.keywords.get("crop_size") for each in models.get_model_weights(name)]
    pixels = RESOLUTION if RESOLUTION in crops else next((each for each in crops if isinstance(each, int)), RESOLUTION)
    return Model(f"torchvision:{name}", None, build, (3, pixels, pixels))


def _imported(module_name: str, attribute: str) -> Model:
    """A factory of a module in the current directory or on Python's path."""
    from importlib import import_module

    text = f"{module_name}:{attribute}"
    with _current_directory_first():
        try:
            module = import_module(module_name)
        except Exception as error:  # noqa: BLE001 (importing runs the user's code)
            raise InputError(f"cannot import {module_name!r} for {text!r}: {one_line(error)}") from None
    if not hasattr(module, attribute):
        public = [name for name in vars(module) if not name.startswith("_")]
        raise InputError(f"{text!r}: {unknown(f'name in {module_name}', attribute, public)}")
    factory = getattr(module, attribute)
    if isinstance(factory, (Network, Description)):
        return _described(text, factory)
    if not callable(factory):
        raise InputError(f"{text!r} is {type(factory).__name__}; it must be a function or class that makes a model")

    def build() -> "nn.Module":
        from torch import nn

        made = factory if isinstance(factory, nn.Module) else factory()
        if not isinstance(made, nn.Module):
            raise InputError(f"{text!r} returned {type(made).__name__}; it must return an nn.Module or a description")
        return made

    # Whether it makes a description is known only when it was called; a description is cheap to make.
    if getattr(factory, "__annotations__", {}).get("return") in {Network, Description, "Network", "Description"}:
        return _described(text, factory())
    return Model(text, None, build)


def _described(text: str, made: Any) -> Model:
    if isinstance(made, Description):
        made = described(made, text)
    return Model(text, made)


@contextmanager
def _current_directory_first() -> Iterator[None]:
    sys.path.insert(0, "")
    try:
        yield
    finally:
        sys.path.remove("")


@contextmanager
def silent() -> Iterator[None]:
    """Keep the warnings of libraries out of the output."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
