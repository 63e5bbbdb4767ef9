"""`models`: which networks it lists, and in which order. Figures are those that torchvision tells of its weights."""

import pytest
from click.testing import CliRunner
from torchvision import models

from resnext_flops.cli import main
from resnext_flops.complexity.names import NAMED
from tests.enveloped import answered

# Without GoogLeNet, whose auxiliary heads torchvision leaves out.
THEIRS = {
    name: next(iter(models.get_model_weights(name))).meta
    for name in models.list_models(module=models)
    if name in NAMED and name != "googlenet"
}


def listed(*arguments: str) -> list[str]:
    done = CliRunner().invoke(main, ["models", *arguments, "--format", "json"], prog_name="resnext-flops")
    assert done.exit_code == 0, done.stderr
    return [row["name"] for row in answered(done.stdout, "models")["rows"]]


def test_a_part_of_a_name_and_a_glob() -> None:
    assert listed("wrn") == ["wrn_16_8", "wrn_28_10", "wrn_40_4"]
    assert listed("WRN-16") == ["wrn_16_8"]
    assert listed("vgg1?") == ["vgg11", "vgg13", "vgg16", "vgg19"]
    assert listed("vgg1[69]", "vgg16", "vgg19?bn") == ["vgg16", "vgg19", "vgg19_bn"]


def test_a_whole_name_or_a_call_is_that_network_alone() -> None:
    assert listed("resnet50") == ["resnet50"]
    assert listed("resnext50_16x9d", "resnet(50, width=8)") == ["resnext50_16x9d", "resnet(50, width=8)"]


def test_budgets_are_held_exactly() -> None:
    most = THEIRS["resnet50"]["num_params"]
    kept = {name for name, meta in THEIRS.items() if meta["num_params"] <= most}
    assert {"resnet50", "resnet34"} < kept < set(THEIRS)
    assert set(listed(*THEIRS, "--budget", f"params <= {most}")) == kept
    assert set(listed(*THEIRS, "--budget", f"params < {most}")) == kept - {"resnet50"}
    both = {name for name in kept if THEIRS[name]["_ops"] < 4}
    assert set(listed(*THEIRS, "--budget", f"params <= {most}", "--budget", "macs < 4G")) == both


def test_the_order() -> None:
    by_params = sorted(THEIRS, key=lambda name: THEIRS[name]["num_params"])
    assert listed(*THEIRS, "--sort", "params") == by_params
    assert listed(*THEIRS, "--sort", "-params") == by_params[::-1]
    ratios = {name: THEIRS[name]["_ops"] / THEIRS[name]["num_params"] for name in ("vgg16", "resnet18", "resnet50")}
    assert listed(*ratios, "--sort", "macs / params") == sorted(ratios, key=lambda name: ratios[name])


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["resnext51"], "unknown network 'resnext51'; did you mean"),
        (["vgg2?"], "unknown network 'vgg2?'; "),
        (["torchvision:resnet50"], "torchvision:resnet50 is a real module; give a described network"),
        (["--budget", "macs < 1k"], f"none of the {len(NAMED)} networks meets macs < 1000"),
        (["--budget", "macs"], "cannot use 'macs': it must be a comparison"),
        (["--budget", "macs = 4G"], "cannot use 'macs = 4G': = asks for the nearest"),
        (["--sort", "parms"], "cannot use 'parms': unknown name 'parms'; did you mean 'params'?"),
        (["--sort", "params < 4"], "cannot use 'params < 4': it must be a number"),
    ],
)
def test_bad_input_is_one_sentence(arguments: list[str], sentence: str) -> None:
    done = CliRunner().invoke(main, ["models", *arguments], prog_name="resnext-flops")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith(f"resnext-flops: {sentence}")
    assert done.stderr.count("\n") == 1
