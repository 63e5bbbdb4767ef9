"""`resnext-flops explore`: what it writes, and what it refuses; tests/explorer looks at the page in a browser."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import resnext_flops as rf
from resnext_flops.cli import main
from resnext_flops.complexity.layers import Conv, Description, Sequential
from resnext_flops.complexity.profile import shipped
from resnext_flops.explorer.page import model_page


def explore(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["explore", *arguments], prog_name="resnext-flops")


def test_it_writes_one_page_and_says_so(tmp_path: Path) -> None:
    file = tmp_path / "explorer.html"
    done = explore("--output", str(file))
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", f"resnext-flops: wrote {file}\n")
    text = file.read_text(encoding="utf-8")
    assert text.startswith("<!DOCTYPE html>")
    assert len(text.encode()) <= 1.8e6
    # Neither a script nor a style nor a picture is elsewhere.
    assert not [word for word in ("<link", "<img", "src=", "@import") if word in text.partition("<script")[0]]
    assert list(tmp_path.iterdir()) == [file]


def test_it_has_the_times_on_machines(tmp_path: Path) -> None:
    file = tmp_path / "times.html"
    done = explore("resnet18", "--free", "w,r", "--on", "rtx3090,rtx4090", "--batch", "512", "--output", str(file))
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", f"resnext-flops: wrote {file}\n")
    text = file.read_text(encoding="utf-8")
    for name in ("rtx3090", "rtx4090"):
        assert f"estimated ms of a batch of 512 on {name}" in text


REFUSED = {
    "too many models": ("alexnet resnet18 resnet34 --output a.html", "models given: 3; a page shows one model, or two"),
    "sliders of the paper": ("--free r --output a.html", "--free and --input are for the page of a MODEL"),
    "no size at all": ("torch.nn:Identity --free w --output a.html", "'w'"),
    "nothing that changes": ("torch.nn:Identity --output a.html", "nothing of torch.nn:Identity changes with r"),
    "a rounded size": ("mobilenet_v2 --free width_multiplier --output a.html", "width_multiplier"),
    "a batch without a machine": (
        "--batch 512 --output a.html",
        "give the profile of a machine too, as in --on rtx3090",
    ),
    "an unknown machine": ("resnet18 --on rtx309 --output a.html", "did you mean 'rtx3090'"),
    "a batch without evidence": ("--on rtx3090,i7-12700h --batch 2 --output a.html", "the nearest is 256"),
    "a free batch and a time": ("resnet18 --free N,r --on rtx3090 --output a.html", "leave N out"),
    "a threshold of two sizes": (
        "resnext(50,cardinality=a*b,width=4) --free a,b --on rtx3090 --output a.html",
        "the time of resnext has no formula in a, b",
    ),
    "a folder that is not there": ("resnet18 --output nowhere/a.html", "cannot write 'nowhere/a.html'; give a file in"),
    "a file that is there": ("resnet18 --output there.html", "'there.html' exists; give another name, or --force"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_refusal_is_one_sentence_and_writes_nothing(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("there.html").write_text("mine", encoding="utf-8")
    arguments, sentence = REFUSED[case]
    done = explore(*arguments.split())
    assert (done.exit_code, done.stdout) == (2, "")
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1
    assert [file.name for file in tmp_path.iterdir()] == ["there.html"]
    assert Path("there.html").read_text(encoding="utf-8") == "mine"


def many() -> rf.Network:
    """A network with more sizes than a page has sliders."""
    names = [f"s{number}" for number in range(13)]
    return rf.network(f"resnext(50, cardinality={'+'.join(names)}, width=4)")


def test_too_many_sizes_and_none() -> None:
    with pytest.raises(rf.InputError, match=r"has 21 sizes, and a page has at most 12 sliders .* --free s0,s1"):
        model_page([many()])
    fixed = rf.described(Description((3, 8, 8), Sequential.of(conv=Conv(4, 3))), "mine")
    with pytest.raises(rf.InputError, match=r"mine has no sizes to be sliders .*; give a model with sizes"):
        model_page([fixed])


def test_a_name_can_do_nothing_to_the_page() -> None:
    """A name is a text wherever it stands: in HTML, and in the data of the script."""

    def named(width: int = 4) -> Description:
        return Description((3, 8, 8), Sequential.of(conv=Conv(width, 3)))

    named.__name__ = "</script><b>"
    text = model_page([rf.family(named)()])
    assert "</script><b>" not in text
    assert "&lt;/script&gt;&lt;b&gt;" in text
    assert "\\u003c/script>\\u003cb>" in text


def test_two_machines_that_are_called_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("rtx3090.toml").write_text(shipped()["rtx4090"], encoding="utf-8")
    done = explore("resnet18", "--on", "rtx3090,rtx3090.toml", "--output", "a.html")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "'rtx3090' and 'rtx3090.toml' are both called rtx3090" in done.stderr
    assert not Path("a.html").exists()
