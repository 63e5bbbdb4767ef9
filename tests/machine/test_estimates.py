"""Estimates from Python: the direct ones, of described and real models, and how they show themselves."""

import pytest
from torch import nn

import resnext_flops as rf
from resnext_flops.complexity.profile import estimate, profile
from resnext_flops.errors import InputError
from resnext_flops.machine.predict import predict

PROFILES = ("rtx3090", "i7-12700h")


def test_each_profile_estimates_each_model() -> None:
    found = predict(["resnet18", rf.resnet(34)], on=PROFILES)
    assert tuple(found) == tuple(found.profiles) == PROFILES
    for name, some in found.items():
        direct = [estimate(profile(name), rf.resnet(depth).cost()).femtoseconds for depth in (18, 34)]
        assert [each.femtoseconds for each in some] == direct


def test_they_show_themselves_and_say_what_they_are() -> None:
    found = predict(["resnet18"], on=PROFILES)
    for text in (repr(found), found._repr_html_()):  # type: ignore[attr-defined]
        assert "resnet(18)" in text
        assert "is an estimate" in text


def test_a_real_model_has_the_input_of_one_example() -> None:
    module = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU())
    (found,) = predict([module], on=["rtx3090"], inputs=(1, 3, 32, 32))["rtx3090"]
    # A dense convolution and an activation: 8 outputs at each of 32 x 32 places, with 3 x 9 multiply-adds each.
    machine = profile("rtx3090")
    macs = round(1024 * machine.femtoseconds["macs"]["dense"]) * 8 * 27 * 32 * 32
    assert found.parts["dense convolutions"] == macs
    with pytest.raises(InputError, match="give it a batch of 1"):
        predict([module], on=["rtx3090"], inputs=(2, 3, 32, 32))
