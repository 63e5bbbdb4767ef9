"""Real models of torchvision and timm: counting fails on none, knows every operator, and agrees with their own figures.

A spread runs with the other tests; `make audit` runs all of torchvision's classification models and 150 of timm's.
"""

import random
from decimal import Decimal
from pathlib import Path

import pytest
import timm
from torchvision import models

import resnext_flops as rf
from resnext_flops.counters.audit import Finding
from resnext_flops.proof.published import agreement
from resnext_flops.reports.zoo_audit import MODELS, table

TORCHVISION = models.list_models(module=models)
SPREAD = (
    "alexnet densenet121 efficientnet_b0 googlenet inception_v3 maxvit_t mnasnet0_5 regnet_x_400mf squeezenet1_0 "
    "swin_v2_t vgg11 vit_h_14"
)
TIMM = random.Random(0).sample(sorted(timm.list_models()), 150)  # noqa: S311
TIMM_SPREAD = (
    "test_vit test_convnext test_byobnet coat_tiny ghostnetv2_100 levit_128s mixer_s32_224 poolformer_s12 repvgg_a0 "
    "resnest14d xcit_nano_12_p16_224"
)


def check(name: str) -> tuple[int, int]:
    """Count a model, hold its parameters against numel, and return its multiply-adds and parameters."""
    model = rf.model(name)
    try:
        module = model.to_torch("meta")
    except rf.InputError:  # a RegNet reads values while it is built
        module = model.to_torch()
    found = rf.count(module, (1, *model.input))
    assert not found.unknown
    assert found.params == sum(part.numel() for part in module.parameters())
    return int(found.macs), int(found.params)


def check_torchvision(name: str) -> None:
    macs, params = check(f"torchvision:{name}")
    pixels = rf.model(f"torchvision:{name}").input[-1]
    (meta, *_) = (
        weights.meta for weights in models.get_model_weights(name) if weights.transforms.keywords["crop_size"] == pixels
    )
    # `_ops` has three decimals, in billions.
    assert agreement(Decimal(f"{meta['_ops']:.3f}").scaleb(9), macs).holds
    if name == "googlenet":  # its num_params leaves the auxiliary heads out, inception_v3's does not
        heads = models.get_model(name, init_weights=False)
        params -= sum(part.numel() for head in (heads.aux1, heads.aux2) for part in head.parameters())
    assert params == meta["num_params"]


def weights_agree(name: str) -> int:
    """Hold the figure that torchvision prints for each weights of a model, at their resolution; how many there are.

    The image is what the weights' own transform crops. A vision transformer is built for one size of image.
    """
    every = list(models.get_model_weights(name))
    for weights in every:
        pixels = weights.transforms.keywords["crop_size"]
        size = f"(image_size={pixels})" if name.startswith("vit_") else ""
        macs = int(rf.model(f"torchvision:{name}{size}", (1, 3, pixels, pixels)).cost().macs)
        # Three decimals, in billions, rounded. They are written here as they are printed.
        assert f"{Decimal(macs).scaleb(-9):.3f}" == f"{weights.meta['_ops']:.3f}", weights
    return len(every)


@pytest.mark.parametrize("name", ["efficientnet_b1", "inception_v3", "regnet_y_16gf", "resnet50", "vit_b_16"])
def test_the_weights_of_a_spread_of_torchvision(name: str) -> None:
    assert weights_agree(name) >= 1


@pytest.mark.slow
def test_all_weights_of_torchvision() -> None:
    assert sum(weights_agree(name) for name in TORCHVISION) == 115


@pytest.mark.parametrize("name", SPREAD.split())
def test_a_spread_of_torchvision(name: str) -> None:
    check_torchvision(name)


@pytest.mark.parametrize("name", TIMM_SPREAD.split())
def test_a_spread_of_timm(name: str) -> None:
    check(f"timm:{name}")


@pytest.mark.slow
def test_torchvision_has_the_models_that_were_counted() -> None:
    assert len(TORCHVISION) >= 80


@pytest.mark.slow
@pytest.mark.parametrize("name", TORCHVISION)
def test_torchvision(name: str) -> None:
    check_torchvision(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", TIMM)
def test_timm(name: str) -> None:
    check(f"timm:{name}")


def test_the_table_of_an_audit() -> None:
    rows = [
        ("net", Finding("torch", "FLOP", 2, "1.0", 2, "", ())),
        ("net", Finding("torchprofile", "MAC", 5, "1.0", 8, "", ())),
        ("net", Finding("fvcore", "MAC", 1, "1.0", None, "RuntimeError: no", ())),
    ]
    shown = table(rows)
    assert [row["difference"] for row in shown.rows] == [0, 3, None]
    assert "scalar shape arithmetic" in str(shown.rows[1]["remark"])
    assert shown.notes == ("1 of 2 answers are the prediction, to the last digit; 1 failed.",)


def test_the_written_audit_is_of_the_listed_models_and_explains_every_difference() -> None:
    text = (Path(__file__).parent.parent.parent / "docs" / "audit.md").read_text(encoding="utf-8")
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("| t")]
    assert list(dict.fromkeys(row[0] for row in rows)) == list(MODELS)
    for _, _, _, predicted, answer, difference, remark in rows:
        if difference == "–":
            assert answer == "–"
            assert remark
        else:
            assert int(answer.replace(",", "")) - int(predicted.replace(",", "")) == int(difference.replace(",", ""))
            assert difference == "0" or remark not in {"", "not explained"}
