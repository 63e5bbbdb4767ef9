"""Published times as samples: what is read, what is refused, which network a row is of, and what is kept."""

from collections.abc import Iterable
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

import resnext_flops as rf
from resnext_flops.complexity.features import features
from resnext_flops.errors import InputError
from resnext_flops.machine import published
from resnext_flops.machine.families import family, super_family
from resnext_flops.machine.published import Asked, Counted, Kept, Row, count, rows, samples

TIMINGS = Path(__file__).parent / "timings"
HEAD = "model,infer_img_size,infer_samples_per_sec,infer_step_time,infer_batch_size,param_count"
RESNET = "resnet18.a1_in1k,64,2000,32.0,64,11.69"


def table(folder: Path, *lines: str, head: str = HEAD) -> Path:
    path = folder / "times.csv"
    path.write_text("\n".join((head, *lines)) + "\n", encoding="utf-8")
    return path


def test_a_row(tmp_path: Path) -> None:
    assert rows(table(tmp_path, RESNET)) == [Row("resnet18", 64, 64, 2000.0, 11.69)]


@pytest.mark.parametrize("name", ["rtx3090", "rtx4090", "i7-12700h"])
def test_the_tables_of_the_tests_are_read(name: str) -> None:
    found = rows(TIMINGS / f"{name}.csv")
    assert len({row.model for row in found}) == len(found) == 20
    assert {row.batch for row in found} <= ({1} if name == "i7-12700h" else {512, 768, 1024})


@pytest.mark.parametrize(
    ("head", "line", "says"),
    [
        (HEAD.replace("infer_batch_size", "batch"), RESNET, "infer_batch_size"),
        (HEAD.replace("infer_samples_per_sec", "speed"), RESNET, "infer_samples_per_sec"),
        (HEAD.replace("model", "network"), RESNET, "model"),
        (HEAD, RESNET.replace("2000", "fast"), "line 2: infer_samples_per_sec is 'fast'"),
        (HEAD, RESNET.replace("2000", "-1"), "must be a finite number above 0"),
        (HEAD, RESNET.replace("2000", "inf"), "infer_samples_per_sec is 'inf'; it must be a finite number above 0"),
        (HEAD, RESNET.replace("11.69", "inf"), "param_count is 'inf'"),
        (HEAD, RESNET.replace(",64,11.69", ",inf,11.69"), "infer_batch_size is 'inf'"),
        (
            HEAD,
            RESNET.replace(",64,11.69", ",0.3,11.69"),
            "infer_batch_size is '0.3'; it must be a whole number above 0",
        ),
        (HEAD, RESNET.replace("in1k,64", "in1k,64.7"), "infer_img_size is '64.7'; it must be a whole number above 0"),
        (HEAD, RESNET.replace("in1k,64", "in1k,inf"), "infer_img_size is 'inf'"),
        # 64 examples at 1e308 a second, and at one in a million years or so.
        (HEAD, RESNET.replace("2000", "1e308"), "takes 6.4e-307 seconds; it must take a femtosecond to a day"),
        (HEAD, RESNET.replace("2000", "2e-308"), "seconds; it must take a femtosecond to a day"),
        (HEAD, RESNET.replace(",64,11.69", ",1e308,11.69"), "takes 5e+304 seconds; it must take"),
        (HEAD, RESNET.replace(",64,11.69", ",0,11.69"), "infer_batch_size is '0'"),
        (HEAD, RESNET.replace("32.0", "0.032"), "must be examples a second"),  # a step in seconds
        (HEAD, RESNET.replace("2000", "120000"), "must be examples a second"),  # examples a minute
    ],
)
def test_a_table_that_makes_no_sense_is_refused(tmp_path: Path, head: str, line: str, says: str) -> None:
    with pytest.raises(InputError) as caught:
        rows(table(tmp_path, line, head=head))
    assert says in str(caught.value)


def test_which_parameters_are_the_printed_ones() -> None:
    """Off by 0.2 percent at most, besides the rounding to 0.01 million."""
    row = Row("net", 224, 1, 1.0, 10.0)
    assert row.is_of(10_024_000)
    assert not row.is_of(10_026_000)
    assert row.is_of(9_976_000)
    assert not row.is_of(9_974_000)


def test_a_count_is_that_of_the_described_network() -> None:
    found = count(Asked("resnet18", 64))
    ledger = rf.resnet(18, resolution=64).cost()
    assert {(quantity, kind): figure for quantity, kind, figure in found.features} == features(ledger)
    assert (found.params, found.macs, found.activations) == (ledger.params, ledger.macs, ledger.activations)
    assert found.file == "resnet"


def test_a_deployed_form_is_counted() -> None:
    found = count(Asked("repvgg_a0", 64, deployed=True))
    ledger = rf.model("repvgg_a0_deployed", r=64).cost()
    assert {(quantity, kind): figure for quantity, kind, figure in found.features} == features(ledger)
    with pytest.raises(InputError, match="no deployed form"):
        count(Asked("resnet18", 64, deployed=True))


class Known(Kept):
    """What is known without counting."""

    def __init__(self, *known: Counted) -> None:
        self.known = {each.asked: each for each in known}
        self.asked: list[Asked] = []

    def count(self, asked: Iterable[Asked], tell: published.Tell) -> dict[Asked, Counted]:
        """Only what is known."""
        wanted = list(asked)
        self.asked += wanted
        return {each: self.known[each] for each in wanted}


def counted(asked: Asked, params: int, reason: str = "") -> Counted:
    return Counted(asked, reason, "resnet", params, 5, 6, ("conv",), (("macs", "dense", 5), ("network", "run", 1)))


def test_the_network_that_was_measured_is_found_or_the_row_is_left_out() -> None:
    trained, deployed = Asked("b_50", 64), Asked("b_50", 64, deployed=True)
    known = Known(
        counted(Asked("a_50", 64), 1_000_000),
        replace(counted(trained, 2_000_000), kinds=("conv", "sum")),
        replace(counted(deployed, 1_000_000), kinds=("fused conv",)),
        counted(Asked("c_50", 64), 2_000_000),
        counted(Asked("c_50", 64, deployed=True), 0, "it has no deployed form"),
        counted(Asked("d_50", 64), 0, "unknown model"),
    )
    found = samples([Row(f"{name}_50", 64, 10, 20.0, 1.0) for name in "abcd"], known)
    assert [sample.model for sample in found.samples] == ["a_50", "b_50"]
    assert found.samples[0].seconds == 0.5  # ten examples at twenty a second
    assert found.samples[0].super_family == "residual networks"
    assert [(each.row.model, each.reason) for each in found.excluded] == [
        ("c_50", "another network: 1 M parameters are printed, and built are 2.00 M"),
        ("d_50", "not built here: unknown model"),
    ]
    assert found.kinds == ("conv", "fused conv")  # those of the forms that were measured
    assert Asked("a_50", 64, deployed=True) not in known.asked  # only where the trained form is another network


def test_what_was_counted_is_kept_line_by_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Asked] = []

    def answers(_: object, wanted: list[Asked], *__: object) -> Iterable[Counted]:
        for each in wanted:
            asked.append(each)
            if each.model == "stops":
                raise KeyboardInterrupt
            yield counted(each, 7)

    monkeypatch.setattr(published, "answers", answers)
    kept = Kept(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        kept.count([Asked("one", 64), Asked("two", 64), Asked("stops", 64)], lambda *_: None)
    with kept.file.open("ab") as file:
        file.write(b'\n[["half", 64')  # a run that was killed while it wrote
    asked.clear()
    told: list[tuple[str, int]] = []
    found = Kept(tmp_path).count([Asked("one", 64), Asked("three", 64)], lambda *each: told.append(each))
    assert asked == [Asked("three", 64)]
    assert told == [("three", 0)]
    assert {each: found[each].params for each in found} == {Asked("one", 64): 7, Asked("three", 64): 7}
    assert set(Kept(tmp_path).known) == {Asked("one", 64), Asked("two", 64), Asked("three", 64)}


def test_a_count_survives_its_file() -> None:
    one = count(Asked("resnet18", 64))
    assert msgspec.json.decode(msgspec.json.encode(one), type=Counted) == one


@pytest.mark.parametrize(
    ("alike", "others"),
    [
        (["resnet18", "resnet50d", "resnet101"], ["resnext50_32x4d", "seresnet50", "resnetv2_50"]),
        (["vit_tiny_patch16_224", "vit_base_patch32_384"], ["vit_relpos_base_patch16_224", "vitamin_small_224"]),
        (["efficientnet_b0", "tf_efficientnet_lite4", "efficientnet_es"], ["efficientnetv2_rw_s", "mnasnet_100"]),
        (["convnext_tiny", "convnext_xxlarge"], ["convnextv2_tiny"]),
        (["mobileone_s0", "mobileone_s4"], ["mobilenetv2_100"]),
    ],
)  # fmt: skip
def test_families_by_name(alike: list[str], others: list[str]) -> None:
    assert len(set(map(family, alike))) == 1
    assert family(alike[0]) not in map(family, others)


def test_kin() -> None:
    assert super_family("resnet") == super_family("byobnet") != super_family("vision_transformer")
