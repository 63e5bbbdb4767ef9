"""Hugging Face's architectures: the class of each model, whose configuration is the default of its class."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from resnext_flops.complexity.model import Model
from resnext_flops.counters.built import silent
from resnext_flops.counters.lookup import model

_NAMES = (
    "AlbertForMaskedLM BartForConditionalGeneration BeitForImageClassification BertForMaskedLM BloomForCausalLM "
    "CLIPModel ConvNextForImageClassification DebertaV2ForMaskedLM DeiTForImageClassification DetrForObjectDetection "
    "DistilBertForMaskedLM ElectraForMaskedLM FalconForCausalLM GPT2LMHeadModel GPTNeoXForCausalLM GemmaForCausalLM "
    "LlamaForCausalLM MambaForCausalLM MistralForCausalLM MixtralForCausalLM MobileViTForImageClassification "
    "OPTForCausalLM PhiForCausalLM Qwen2ForCausalLM Qwen3ForCausalLM RobertaForMaskedLM "
    "SegformerForSemanticSegmentation SiglipModel SwinForImageClassification T5ForConditionalGeneration "
    "ViTForImageClassification Wav2Vec2ForCTC WhisperForConditionalGeneration"
)
ARCHITECTURES = tuple(_NAMES.split())
PREFIX = "hf:"


def names() -> list[str]:
    """The names of these models, none if transformers is not installed."""
    try:
        with silent():
            import transformers  # noqa: F401
    except ImportError:
        return []
    return [PREFIX + name for name in ARCHITECTURES]


@contextmanager
def found(name: str) -> Iterator[Model]:
    """A model by its name; one of Hugging Face's from a configuration that is there as long.

    Raises InputError as `model` does.
    """
    library, _, architecture = name.partition(":")
    if library + ":" != PREFIX or architecture not in ARCHITECTURES:
        yield model(name)
        return
    import transformers

    with tempfile.TemporaryDirectory() as folder, silent():
        config = getattr(transformers, architecture).config_class(architectures=[architecture])
        config.save_pretrained(folder)
        yield model(PREFIX + folder)
