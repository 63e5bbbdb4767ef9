"""Hugging Face's models, each built from a configuration: a folder with a `config.json`, or such a file. No weights.

Whole-numbered fields of the configuration are the arguments of the constructor, by the configuration's own names. The
usual input follows from what the model's `forward` takes: T tokens, an image of the configuration's size, one second of
sound, or a spectrogram as long as the model takes; N at once.

With `cache` tokens behind it, a decoder reads T further ones: `hf:PATH(cache=c)` with T = 1 is one step of generating
text, and without a cache it is the reading of a prompt.
"""

import inspect
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resnext_flops.complexity.architecture import BATCH
from resnext_flops.counters.built import Built, silent
from resnext_flops.counters.constructors import Constructed
from resnext_flops.counters.inputs import names_of, parse_input
from resnext_flops.counters.zoos.zoo import Zoo
from resnext_flops.errors import InputError, one_line
from resnext_flops.files import read_text

if TYPE_CHECKING:
    from torch import nn

TOKENS = 128
SAMPLES = 16_000  # in one second of sound
POSITIONS = ("max_position_embeddings", "max_target_positions")  # what configurations call the longest text
TEXTS = ("input_ids", "decoder_input_ids")
IMAGE, SOUND, SPECTROGRAM = "pixel_values", "input_values", "input_features"


class Configured:
    """What makes a model of a configuration, in which fields may be replaced."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.settings = dict(settings)
        names = {name: value for name, value in self.settings.items() if type(value) is int and name.isidentifier()}
        kind = inspect.Parameter.KEYWORD_ONLY
        fields = [inspect.Parameter(name, kind, default=value) for name, value in ({"cache": 0} | names).items()]
        self.__signature__ = inspect.Signature(fields)

    def __call__(self, cache: int = 0, **fields: Any) -> "nn.Module":
        """The model with some fields of its configuration replaced, and so many tokens in its cache."""
        import transformers

        config = self.config(**fields)
        named = getattr(transformers, (config.architectures or [""])[0], None)
        make: Any = named or transformers.AutoModel.from_config
        found: nn.Module = make(config)
        return with_cache(found, cache) if cache else found

    def config(self, **fields: Any) -> Any:
        """The configuration. Raises InputError for a field that it does not have."""
        import transformers

        for name in fields:
            if name not in self.settings:
                from resnext_flops.errors import unknown

                raise unknown("field of the configuration", name, self.settings)
        return transformers.AutoConfig.for_model(**{**self.settings, **fields})


def with_cache(decoder: Any, tokens: int) -> "nn.Module":
    """A decoder that has read so many tokens, whose keys and values are in its cache when it is called.

    Raises InputError for a model that is no decoder, has an encoder as well, or keeps something else.
    """
    import torch
    import transformers
    from torch import nn

    config = decoder.config.get_text_config()
    taken = inspect.signature(decoder.forward).parameters
    argument = next((name for name in ("cache", "past_key_values") if name in taken), "")
    generates = getattr(decoder, "can_generate", bool)() or getattr(config, "is_decoder", False)
    if config.is_encoder_decoder or not argument or not generates or not hasattr(config, "num_attention_heads"):
        raise InputError(
            f"a cache is known for decoders that keep keys and values alone, and {type(decoder).__name__} is none"
        )
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    width = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads

    class Cached(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.decoder = decoder

        def forward(self, **inputs: Any) -> Any:
            cache, first = transformers.DynamicCache(config=config), next(self.decoder.parameters())
            shape = (next(iter(inputs.values())).shape[0], heads, tokens, width)
            for layer in range(config.num_hidden_layers):
                keys, values = (torch.zeros(shape, dtype=first.dtype, device=first.device) for _ in range(2))
                cache.update(keys, values, layer)
            return self.decoder(**inputs, **{argument: cache})

    return Cached()


def model(path: str) -> Built:
    """The model of a configuration. Raises InputError where transformers is missing, or the file cannot be used."""
    with silent():
        import transformers
    made = Configured(_settings(path))
    try:
        with silent():
            made.config()
            kind: Any = getattr(transformers, (made.config().architectures or [""])[0], None)
            kind = kind or transformers.AutoModel._model_mapping[type(made.config())]  # noqa: SLF001 (it has no other)
    except Exception as error:  # noqa: BLE001 (the library's own error is the answer)
        raise InputError(f"{path!r} holds no configuration of a model: {one_line(error)}") from None
    usual = {**dict.fromkeys(TEXTS, _text), IMAGE: _image, SOUND: _sound, SPECTROGRAM: _spectrogram}
    taken = inspect.signature(kind.forward).parameters
    shapes = {name: shape(made.config()) for name, shape in usual.items() if name in taken}
    inputs = {name: parse_input(f"{name}={shape}") for name, shape in shapes.items() if shape}
    if not inputs:
        return Built(f"hf:{path}", Constructed(made), ())
    lengths = {BATCH: 1, "T": _tokens(made.config()), "samples": SAMPLES}
    values = {name: lengths[name] for name in names_of(inputs.values())}
    return Built(f"hf:{path}", Constructed(made), (), inputs=inputs, values=values)


def _text(_: Any) -> str:
    return "N,T:int64"


def _sound(_: Any) -> str:
    return "N,samples"


def _spectrogram(config: Any) -> str:
    """Its first layers halve the time; empty where the configuration does not say how long it may be."""
    bands, length = (getattr(config, name, None) for name in ("num_mel_bins", "max_source_positions"))
    return f"N,{bands},{2 * length}" if bands and length else ""


def _tokens(config: Any) -> int:
    """The usual number of tokens, or all positions of a model that has fewer."""
    text = config.get_text_config()
    found = [getattr(text, name, None) for name in POSITIONS]
    return min([TOKENS, *[positions for positions in found if isinstance(positions, int)]])


def _image(config: Any) -> str:
    """The image of a vision model, by the size and the channels that its configuration, or a part of it, has."""
    parts = (config, getattr(config, "vision_config", config), getattr(config, "backbone_config", None) or config)
    size = next((part.image_size for part in parts if isinstance(getattr(part, "image_size", None), int)), 224)
    channels = next((part.num_channels for part in parts if isinstance(getattr(part, "num_channels", None), int)), 3)
    return f"N,{channels},{size},{size}"


def _settings(path: str) -> dict[str, Any]:
    file = Path(path) / "config.json" if Path(path).is_dir() else Path(path)
    try:
        found = json.loads(read_text(file))
    except InputError:
        raise
    except ValueError as error:
        raise InputError(f"{str(file)!r} is no JSON: {error}") from None
    if not isinstance(found, dict) or "model_type" not in found:
        raise InputError(f"{str(file)!r} is no configuration of a model; it needs a field model_type")
    return found


ZOO = Zoo(tuple, model, tuple)
