"""Estimates from Python: the direct ones, of described and real models, and how they show themselves."""

from pathlib import Path

import pytest
from torch import nn

import resnext_flops as rf
from resnext_flops.complexity.figures import on as in_use
from resnext_flops.complexity.profile import estimate, profile
from resnext_flops.errors import InputError
from resnext_flops.machine.predict import predict
from resnext_flops.plots import draw
from resnext_flops.show.render import content, to_csv
from resnext_flops.show.render import text as shown
from resnext_flops.tables.estimates import estimates
from tests.complexity.test_profile import PROFILE

PROFILES = ("rtx3090", "i7-12700h")


def test_each_profile_estimates_each_model() -> None:
    found = predict(["resnet18", rf.resnet(34)], on=PROFILES)
    assert tuple(found) == tuple(found.profiles) == PROFILES
    for name, some in found.items():
        direct = [estimate(profile(name), rf.resnet(depth).cost()).femtoseconds for depth in (18, 34)]
        assert [each.femtoseconds for each in some] == direct


def test_one_model_and_one_profile_need_no_list(tmp_path: Path) -> None:
    alone = predict("resnet18", on="rtx3090")
    assert alone == predict(["resnet18"], on=["rtx3090"]) == predict(rf.resnet(18), on="rtx3090")
    module = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU())  # which has an iterator, too
    assert predict(module, on="rtx3090", inputs=(1, 3, 32, 32)) == predict([module], ["rtx3090"], None, (1, 3, 32, 32))
    path = tmp_path / "mine.toml"
    path.write_text(PROFILE, encoding="utf-8")
    for on in (path, str(path), [path], (str(path),)):
        assert list(predict("resnet18", on=on)) == ["mine"]
    assert [text.get_text().split()[0] for text in draw("parts", on=path).axes[0].get_yticklabels()] == ["mine", "mine"]
    with in_use(path) as figure:
        (row,) = rf.compare("resnet18").rows
    assert row.figures["femtoseconds"] == predict("resnet18", on=path)["mine"][0].femtoseconds
    assert figure == f"femtoseconds@{path}@64"


def test_what_was_not_measured_can_be_refused() -> None:
    (found,) = predict("resnet18", on="rtx3090", batch=512)["rtx3090"]
    assert found.remarks
    with pytest.raises(InputError, match="cannot be estimated by rtx3090: the batch is 512, and measured was 1,024"):
        predict("resnet18", on="rtx3090", batch=512, strict=True)


def test_numbers_are_short_for_people_and_whole_for_programs() -> None:
    """A network that is some hundred times smaller has a ratio with three digits, and times have four."""
    found = predict([rf.resnet(152), rf.resnet(18, resolution=32)], on="rtx3090")
    table = estimates(found, found.profiles)
    first, second = found["rtx3090"]
    ratio = second.femtoseconds / first.femtoseconds
    assert 0.01 < ratio < 0.1
    assert shown(table.rows[1]["ratio"]) == f"{ratio:.4f}"
    assert 100 <= first.milliseconds < 1000
    assert shown(table.rows[0]["milliseconds"]) == f"{first.milliseconds:.1f}"
    assert 10**5 <= second.images_per_second < 10**6
    assert shown(table.rows[1]["images_per_second"]) == f"{round(second.images_per_second, -2):,.0f}"
    assert content(table)["rows"][1]["images_per_second"] == second.images_per_second
    assert str(second.images_per_second) in to_csv(table)


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
