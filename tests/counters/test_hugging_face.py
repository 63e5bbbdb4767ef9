"""Hugging Face's models from configurations that are made here: their formulas, derived by hand."""

import json
from pathlib import Path
from typing import Any

import pytest

import resnext_flops as rf

transformers = pytest.importorskip("transformers")


@pytest.fixture
def saved(tmp_path: Path) -> Any:
    def save(kind: str, architecture: str, **sizes: Any) -> str:
        config = getattr(transformers, kind)(architectures=[architecture], **sizes)
        config.save_pretrained(tmp_path)
        return f"hf:{tmp_path}"

    return save


LLAMA = {
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 8,
    "num_key_value_heads": 2,
    "vocab_size": 128,
}


def test_llama_by_hand(saved: Any) -> None:
    net = rf.model(saved("LlamaConfig", "LlamaForCausalLM", **LLAMA))
    assert (net.sizes()["T"], net.sizes()["N"], net.sizes()["num_hidden_layers"]) == (128, 1, 2)
    h, kv, f, layers, words = 64, 2 * 64 // 8, 96, 2, 128
    # Each of T tokens: queries and output 2 h^2, keys and values 2 h kv, the three products of the gated layer 3 h f,
    # and h words at the end. Attention has two products of T x T x h a layer.
    form = net.closed_form("macs", "T")
    assert str(form) == f"{layers * 2 * h} T^2 + {layers * (2 * h * h + 2 * h * kv + 3 * h * f) + h * words} T"
    by_layers = net.closed_form("macs", "T", "num_hidden_layers")
    assert by_layers(T=200, num_hidden_layers=5) == net.replace(T=200, num_hidden_layers=5).cost().macs


def test_a_decoding_step_by_hand(saved: Any) -> None:
    net = rf.model(saved("LlamaConfig", "LlamaForCausalLM", **LLAMA) + "(cache=c)", T=1, c=16)
    h, kv, f, layers, words = 64, 2 * 64 // 8, 96, 2, 128
    # One token meets c cached ones and itself.
    token = layers * (2 * h * h + 2 * h * kv + 3 * h * f) + h * words
    assert str(net.closed_form("macs", "c")) == f"{layers * 2 * h} c + {layers * 2 * h + token}"


def test_what_keeps_no_cache_of_its_own_takes_none(saved: Any) -> None:
    small = {"num_hidden_layers": 1, "num_attention_heads": 2, "vocab_size": 64}
    bert = saved("BertConfig", "BertForMaskedLM", hidden_size=16, intermediate_size=32, **small)
    t5 = saved("T5Config", "T5ForConditionalGeneration", d_model=16, d_kv=8, d_ff=32, num_layers=1, num_heads=2)
    for name in (bert, t5):
        with pytest.raises(rf.InputError, match="a cache is known for decoders that keep keys and values alone"):
            rf.model(f"{name}(cache=4)").cost()


def test_gpt_2_by_hand(saved: Any) -> None:
    net = rf.model(
        saved("GPT2Config", "GPT2LMHeadModel", n_embd=32, n_layer=2, n_head=4, vocab_size=64, n_positions=512)
    )
    # 12 L H^2 T + 2 L H T^2 + H T V, with H = 32, L = 2 and V = 64.
    assert str(net.closed_form("macs", "T")) == f"{2 * 2 * 32} T^2 + {12 * 2 * 32 * 32 + 32 * 64} T"
    form = net.closed_form("macs", "n_layer", "T", "vocab_size")
    assert str(form) == f"{2 * 32} n_layer T^2 + {12 * 32 * 32} n_layer T + 32 T vocab_size"
    last = form.reading.lattices["T"].last
    assert last is not None
    assert last <= 512  # it has no more positions
    (longest,) = rf.solve(net, "T", budget="macs <= 1G")
    assert longest.sizes == {"T": 512}
    # Its layers are matrix products with a weight behind the input. The head shares the weight of the embedding.
    assert net.cost().weights == 12 * 2 * 32 * 32
    assert net.cost().params == 12 * 2 * 32 * 32 + (64 + 512) * 32 + 2 * (4 + 9) * 32 + 2 * 32


def test_an_image_model_takes_the_image_of_its_configuration(saved: Any) -> None:
    net = rf.model(
        saved(
            *("ViTConfig", "ViTForImageClassification"),
            hidden_size=32,
            num_hidden_layers=2,
            num_attention_heads=4,
            intermediate_size=64,
            image_size=32,
            patch_size=8,
            num_labels=10,
        )
    )
    tokens, h, m = (32 // 8) ** 2 + 1, 32, 64
    by_hand = (tokens - 1) * 3 * 64 * h + 2 * (tokens * (4 * h * h + 2 * h * m) + 2 * h * tokens**2)
    assert net.cost().macs - by_hand == 10 * h or net.cost().macs == by_hand + 2 * h  # ten classes, or the usual two
    assert str(net.closed_form("params", "N")) == str(net.cost().params)


SOUND = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 48}


def test_sound_and_spectrograms_are_usual_inputs_too(saved: Any) -> None:
    # One second is 16,000 samples. A layer of width 10 and step 5 makes 3199 of them, one of width 8 and step 4 798.
    layers = {"conv_dim": (16, 16), "conv_stride": (5, 4), "conv_kernel": (10, 8)}
    positions = {"num_conv_pos_embeddings": 4, "num_conv_pos_embedding_groups": 2, "vocab_size": 11}
    sound = rf.model(saved("Wav2Vec2Config", "Wav2Vec2ForCTC", **SOUND, **layers, **positions))
    assert (sound.sizes()["N"], sound.sizes()["samples"]) == (1, 16_000)
    first, second, h = 3199, 798, 32
    features = first * 16 * 10 + second * 16 * 16 * 8 + second * 16 * h
    # The positions' convolution has an even width, so it makes one more; its last is dropped.
    body = (second + 1) * h * (h // 2) * 4 + second * (4 * h * h + 2 * h * 48) + 2 * h * second**2
    assert sound.cost().macs == features + body + second * h * 11

    heads = {"encoder_attention_heads": 2, "decoder_attention_heads": 2, "encoder_layers": 1, "decoder_layers": 1}
    lengths = {"max_source_positions": 40, "max_target_positions": 20, "num_mel_bins": 8, "vocab_size": 50}
    tokens = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2, "decoder_start_token_id": 1}
    sizes = {**heads, **lengths, **tokens, "d_model": 16}
    spectrogram = rf.model(saved("WhisperConfig", "WhisperForConditionalGeneration", **sizes))
    assert spectrogram.sizes()["T"] == 20  # there are no more positions
    assert spectrogram.input == (20,)
    assert spectrogram.cost().params == sum(part.numel() for part in spectrogram.to_torch("meta").parameters())


def test_bad_configurations_are_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    for content, sentence in [
        ("{", "is no JSON"),
        ("[]", "is no configuration of a model; it needs a field model_type"),
        (json.dumps({"model_type": "nonsense"}), "holds no configuration of a model"),
    ]:
        file.write_text(content, encoding="utf-8")
        with pytest.raises(rf.InputError, match=sentence):
            rf.model(f"hf:{file}")
    with pytest.raises(rf.InputError, match="cannot read"):
        rf.model(f"hf:{tmp_path / 'nowhere.json'}")
    file.write_text(json.dumps({"model_type": "gpt2", "n_layer": 1}), encoding="utf-8")
    with pytest.raises(rf.InputError, match="unknown field of the configuration 'depth'"):
        rf.model(f"hf:{file}(depth=3)").cost()
