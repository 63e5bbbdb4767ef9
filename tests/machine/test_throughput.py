"""Published throughput against exact cost: ranks that are plain to see, and what is set aside."""

from pathlib import Path

import pytest
from click.testing import CliRunner

import resnext_flops as rf
from resnext_flops.cli import main
from resnext_flops.machine.throughput import correlate
from tests.enveloped import answered

# From timm's results/benchmark-infer-amp-nhwc-pt240-cu124-rtx3090.csv (Apache 2.0), with its figures of cost.
TIMM = """\
model,infer_img_size,infer_samples_per_sec,param_count,infer_gmacs,infer_macts
resnet18,160,20850.92,11.69,0.93,1.27
resnet34,160,12381.04,21.8,1.87,1.91
resnet18.a1_in1k,224,11188.75,11.69,1.82,2.48
resnet50,160,7190.62,25.56,2.1,5.67
resnet34,224,6529.57,21.8,3.67,3.74
resnet18,288,6375.26,11.69,3.01,4.11
resnext50_32x4d,160,6056.31,25.03,2.17,7.35
resnext50_32x4d,176,4946.85,25.03,2.71,8.97
convnext_atto,224,9196.49,3.7,0.55,3.81
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "throughput.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_ranks_by_hand(tmp_path: Path) -> None:
    found = correlate(write(tmp_path, TIMM))
    resnet, resnext, everything = found.families
    # Six ResNets, fastest first, have the ranks 1 2 3 6 4 5 by timm's own activations and 1 3 2 4 6 5 by its
    # multiply-adds, so the squares of the differences sum to 6 and to 4: 1 - 6 * sum / (6 * (36 - 1)), downwards.
    assert resnet.networks == 6
    assert resnet.figures["activations"] == pytest.approx(-(1 - 6 * (0 + 0 + 0 + 4 + 1 + 1) / (6 * 35)))
    assert resnet.figures["macs"] == pytest.approx(-(1 - 6 * (0 + 1 + 1 + 0 + 1 + 1) / (6 * 35)))
    assert (resnext.networks, resnext.figures["macs"]) == (2, None)
    assert everything.networks == 8
    assert found.undescribed == ("convnext_atto",)


def test_a_network_of_the_same_name_that_is_another_is_set_aside(tmp_path: Path) -> None:
    found = correlate(write(tmp_path, TIMM.replace("7190.62,25.56", "7190.62,26.56")))
    assert found.different == ("resnet50",)
    assert found.families[0].networks == 5


def test_any_column(tmp_path: Path) -> None:
    path = write(tmp_path, "model,speed\nresnet18,3\nresnet34,2\nresnet50,1\n")
    found = correlate(path, "speed")
    # Parameters and multiply-adds grow with the depth.
    assert found.families[0].figures["params"] == pytest.approx(-1)
    assert found.column == "speed"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "has no lines below its header"),
        ("model,speed\nresnet18,1\n", "unknown column 'infer_samples_per_sec'; known are model, speed"),
        ("name,throughput\nresnet18,1\n", "unknown column 'model'; known are name, throughput"),
        ("model,throughput\nresnet18,fast\n", "line 2: throughput is 'fast'; it must be a finite number above 0"),
        ("model,throughput\nresnet18\n", "line 2: throughput is ''; it must be a finite number above 0"),
        ("model,throughput\nvit,1\n", "has no model that is described"),
    ],
)
def test_bad_files(text: str, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(rf.InputError) as error:
        correlate(write(tmp_path, text))
    assert sentence in str(error.value)


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(rf.InputError, match=r"cannot read 'nowhere.csv': No such file"):
        correlate("nowhere.csv")


def test_the_command(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["measure", "--published", str(write(tmp_path, TIMM)), "--format", "json"])
    assert result.exit_code == 0, result.stderr
    content = answered(result.stdout)
    assert [row["family"] for row in content["rows"]] == ["resnet", "resnext", "all"]
    both = CliRunner().invoke(main, ["measure", "resnet18", "--paper"])
    assert (both.exit_code, both.stderr) == (
        2,
        "resnext-flops: give one or more models, or --paper, or --published FILE.csv\n",
    )
