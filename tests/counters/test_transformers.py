"""Hugging Face's architectures run on `meta`, with masks, and count what torch's own counter sees on a real CPU run."""

from collections.abc import Callable
from math import prod
from typing import Any

import pytest
import torch
from torch import nn

import resnext_flops as rf
from tests.by_torch import macs_of

transformers = pytest.importorskip("transformers")

TOKENS = 12
SIZES = {"vocab_size": 60, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}


def by_torch(module: nn.Module, inputs: dict[str, Any]) -> int:
    """The multiply-adds of a real run."""
    with torch.no_grad():
        return macs_of(lambda: module.eval()(**inputs))


def text(tokens: int = TOKENS) -> dict[str, Any]:
    mask = torch.ones(1, tokens, dtype=torch.long)
    mask[0, -3:] = 0
    return {"input_ids": torch.arange(tokens)[None] % 50, "attention_mask": mask}


def clip() -> Any:
    return transformers.CLIPConfig(
        text_config={**SIZES, "max_position_embeddings": 32, "bos_token_id": 48, "eos_token_id": 49, "pad_token_id": 1},
        vision_config={**SIZES, "image_size": 32, "patch_size": 8},
        projection_dim=16,
    )


def detr() -> Any:
    backbone = transformers.ResNetConfig(
        embedding_size=8, hidden_sizes=[8, 16, 16, 32], depths=[1] * 4, layer_type="basic", out_features=["stage4"]
    )
    heads = {"encoder_attention_heads": 4, "decoder_attention_heads": 4}
    widths = {"d_model": 32, "encoder_ffn_dim": 64, "decoder_ffn_dim": 64}
    layers = {"encoder_layers": 2, "decoder_layers": 2, "num_queries": 5}
    return transformers.DetrConfig(
        use_timm_backbone=False, use_pretrained_backbone=False, backbone=None, backbone_config=backbone,
        **heads, **widths, **layers,
    )  # fmt: skip


DEBERTA = {**SIZES, "relative_attention": True, "pos_att_type": ["c2p", "p2c"], "max_relative_positions": 20}
IMAGE = torch.zeros(1, 3, 64, 64)
MODELS: dict[str, tuple[Callable[[], Any], Callable[[], dict[str, Any]]]] = {
    "BertModel": (lambda: transformers.BertConfig(**SIZES), text),
    "GPT2LMHeadModel": (
        lambda: transformers.GPT2Config(
            vocab_size=60, n_embd=32, n_layer=2, n_head=4, n_positions=64, bos_token_id=1, eos_token_id=2
        ),
        text,
    ),
    "LlamaForCausalLM": (lambda: transformers.LlamaConfig(**SIZES, num_key_value_heads=2), text),
    "T5ForConditionalGeneration": (
        lambda: transformers.T5Config(
            vocab_size=60, d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4, decoder_start_token_id=0
        ),
        lambda: text() | {"decoder_input_ids": torch.zeros(1, 5, dtype=torch.long)},
    ),
    "CLIPModel": (clip, lambda: text() | {"pixel_values": torch.zeros(1, 3, 32, 32)}),
    "DebertaModel": (lambda: transformers.DebertaConfig(**DEBERTA), text),
    "DebertaV2Model": (lambda: transformers.DebertaV2Config(**DEBERTA, position_buckets=8), text),
    "DetrForObjectDetection": (
        detr, lambda: {"pixel_values": IMAGE, "pixel_mask": torch.ones(1, 64, 64, dtype=torch.long)}
    ),
    "ViTModel": (lambda: transformers.ViTConfig(**SIZES, image_size=64), lambda: {"pixel_values": IMAGE}),
}  # fmt: skip


def built(name: str, config: Any, device: str, attention: str = "eager") -> nn.Module:
    config._attn_implementation = attention  # noqa: SLF001
    with torch.device(device), torch.random.fork_rng(devices=[]):
        module: nn.Module = getattr(transformers, name)(config)
    return module.eval().requires_grad_(requires_grad=False)


def on_meta(module: nn.Module, inputs: Any) -> int:
    """The multiply-adds of a run that needed neither memory nor a guess."""
    found = rf.count(module, inputs)
    assert found.trace is not None
    assert not found.trace.remarks
    assert not found.unknown
    assert found.params == sum(part.numel() for part in module.parameters())
    return int(found.macs)


@pytest.mark.parametrize("name", MODELS)
def test_a_run_on_meta_is_the_real_run(name: str) -> None:
    config, inputs = (make() for make in MODELS[name])
    real = built(name, config, "cpu")
    expected = by_torch(real, inputs)
    assert on_meta(built(name, config, "meta"), inputs) == expected
    assert on_meta(real, inputs) == expected


@pytest.mark.parametrize("name", ["BertModel", "GPT2LMHeadModel", "LlamaForCausalLM"])
def test_one_operator_of_attention_is_the_products_that_it_is_made_of(name: str) -> None:
    config, inputs = (make() for make in MODELS[name])
    counts = [on_meta(built(name, config, "meta", attention), inputs) for attention in ("eager", "sdpa")]
    assert counts[0] == counts[1]


def test_llama_by_hand() -> None:
    layers, width, hidden, tokens, words, head, heads, shared = 2, 32, 64, TOKENS, 60, 8, 4, 2
    projections = width * head * (heads + shared + shared) + heads * head * width
    products = 2 * tokens * heads * head
    expected = tokens * (layers * (projections + products + 3 * width * hidden) + width * words)
    config, inputs = (make() for make in MODELS["LlamaForCausalLM"])
    assert on_meta(built("LlamaForCausalLM", config, "meta"), inputs) == expected


@pytest.mark.parametrize("attention", ["eager", "sdpa"])
def test_a_mixture_of_experts_by_hand(attention: str) -> None:
    # Each token meets two of four experts. An expert has a gate, a layer up and a layer down.
    experts, chosen, layers, width, hidden, words = 4, 2, 2, 32, 64, 60
    config = transformers.MixtralConfig(**SIZES, num_key_value_heads=2, num_local_experts=experts)
    projections = 2 * width * width + 2 * width * (width // 2)
    products = 2 * TOKENS * width
    mixture = width * experts + chosen * 3 * width * hidden
    expected = TOKENS * (layers * (projections + products + mixture) + width * words)
    assert on_meta(built("MixtralForCausalLM", config, "meta", attention), text()) == expected
    # The same with the experts one after another, which runs on a real device alone: rows are chosen by values.
    config._experts_implementation = "eager"  # noqa: SLF001
    real = built("MixtralForCausalLM", config, "cpu")
    assert by_torch(real, text()) == expected
    found = rf.count(real, text())
    assert (found.macs, found.unknown) == (expected, ())


def test_an_input_may_be_what_a_tokenizer_returns() -> None:
    config, inputs = (make() for make in MODELS["BertModel"])
    module = built("BertModel", config, "meta")
    assert on_meta(module, transformers.BatchEncoding(inputs)) == on_meta(module, inputs)


def test_positions_without_values_are_zeros() -> None:
    config, inputs = (make() for make in MODELS["LlamaForCausalLM"])
    module = built("LlamaForCausalLM", config, "meta")
    shapes = {name: torch.empty(value.shape, dtype=value.dtype, device="meta") for name, value in inputs.items()}
    assert prod(shapes["input_ids"].shape) == TOKENS
    assert on_meta(module, shapes) == on_meta(module, inputs)


def test_a_model_in_half_precision() -> None:
    config, inputs = (make() for make in MODELS["ViTModel"])
    module = built("ViTModel", config, "meta")
    assert on_meta(module.half(), (1, 3, 64, 64)) == on_meta(module.float(), inputs)


@pytest.mark.filterwarnings("ignore:.past_key_values. is deprecated")
def test_a_cache_that_is_given_does_not_grow() -> None:
    config, inputs = (make() for make in MODELS["LlamaForCausalLM"])
    real, meta = built("LlamaForCausalLM", config, "cpu"), built("LlamaForCausalLM", config, "meta")
    cache = transformers.DynamicCache(config=config)
    real(input_ids=inputs["input_ids"], past_key_values=cache)
    layers = [(layer, layer.keys, layer.values, layer.keys.clone()) for layer in cache.layers]
    step = {"input_ids": torch.ones(1, 3, dtype=torch.long), "past_key_values": cache}
    # Three tokens look at twelve of the cache and at themselves.
    layers_and_words = 2 * (3 * 32 * 64 + 2 * 32 * 32 + 2 * 32 * 16 + 2 * (TOKENS + 3) * 32) + 32 * 60
    for module in (meta, real):
        assert on_meta(module, step) == 3 * layers_and_words
    assert cache.get_seq_length() == TOKENS
    for layer, keys, values, before in layers:
        assert (layer.keys is keys, layer.values is values) == (True, True)
        assert torch.equal(keys, before)
