"""A profile of measured times, from the samples to the file and back, and what is refused before any work."""

import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from resnext_flops.cli import main
from resnext_flops.commands.calibrate import command
from resnext_flops.complexity.features import PER_EXAMPLE
from resnext_flops.complexity.profile import COVERED, profile, read_profile, shipped
from resnext_flops.errors import InputError
from resnext_flops.machine.calibrate import Origin, origin_of

numpy = pytest.importorskip("numpy")
pytest.importorskip("scipy")
pytest.importorskip("tomli_w")

from resnext_flops.machine import fitting, published  # noqa: E402
from resnext_flops.machine.calibrate import calibrated, check_samples, written  # noqa: E402
from tests.machine.test_profile_fitting import KNOWN, measured  # noqa: E402

HEAD = "model,infer_img_size,infer_samples_per_sec,infer_batch_size,param_count"

# A hundred and two networks: two models, each at 51 resolutions.
LINES = [f"{model},{pixels},2000,64,11.69" for model in ("resnet18", "vgg11") for pixels in range(64, 115)]
TABLE = "\n".join((HEAD, *LINES))


def test_a_profile_of_a_known_machine_predicts_it_from_its_file() -> None:
    samples = measured(400, noise=0.02)
    found = calibrated(samples, ["conv", "sum"], fitting.fit(samples), Origin("m", "s", "p", "l"), "a test", "made up")
    again = read_profile(written(found), "again.toml")
    assert again.femtoseconds == found.femtoseconds
    assert (again.machine, again.layout, again.source, again.command) == ("m", "l", "a test", "made up")
    assert (again.models, again.families, again.kinds) == (400, 40, ("conv", "sum"))
    batches = [sample.batch for sample in samples]
    assert batches.count(again.batch) == max(map(batches.count, set(batches)))
    for (quantity, kind), seconds in KNOWN.items():
        assert again.femtoseconds[quantity].get(kind, 0) == pytest.approx(1e15 * seconds, rel=0.1, abs=1e3)
    near = [sample for sample in samples if sample.batch == again.batch]
    ratios = [sample.seconds * 1e15 / sum(again.time(sample.features, sample.batch).values()) for sample in near]
    inside = sum(again.interval.low <= ratio <= again.interval.high for ratio in ratios) / len(ratios)
    assert inside == pytest.approx(float(COVERED), abs=0.06)
    # The coefficients have enough digits that the time does not change by a ten-thousandth.
    for sample in near[:20]:
        full = sum(
            seconds * sample.features[key] * (sample.batch if key[0] in PER_EXAMPLE else 1)
            for key, seconds in fitting.fit(samples).seconds.items()
        )
        assert sum(again.time(sample.features, sample.batch).values()) / 1e15 == pytest.approx(full, rel=1e-4)
    assert again.wide_interval.low <= again.interval.low <= 1 <= again.interval.high <= again.wide_interval.high


def test_intervals_hold_nine_of_ten_and_the_wide_one_is_never_narrower() -> None:
    # Measured over predicted: 1 to 100 for families left out, and the same times a half for super-families.
    samples = [measured(1, noise=0.0)[0]._replace(seconds=float(place)) for place in range(1, 101)]
    one, two = numpy.ones(100), numpy.full(100, 2.0)
    found = calibrated(samples, [], fitting.Fit({}, one, two), Origin("m"), "a test", "made up")
    # Nine of ten are between the 5th and the 95th percentile: 1 + 0.05 * 99 and 1 + 0.95 * 99.
    assert found.interval == pytest.approx((5.95, 95.05))
    assert found.wide_interval == pytest.approx((5.95 / 2, 95.05))


@pytest.mark.parametrize("told", [[], ["--source", "times of timm's results/", "--machine", "a b", "--layout", "nhwc"]])
def test_the_command_in_a_profile_of_published_times_makes_it_again(
    told: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    usable = published.Samples(measured(200, noise=0.02), ("conv",), [])
    monkeypatch.setattr(published, "samples", lambda *_: usable)
    Path("some times.csv").write_text(TABLE, encoding="utf-8")
    asked = ["--published", "some times.csv", *told, "--output", "mine.toml"]
    assert CliRunner().invoke(main, ["calibrate", *asked]).exit_code == 0
    made, line = Path("mine.toml").read_bytes(), profile("mine.toml").command
    _, _, *words = shlex.split(line)
    assert command.make_context("calibrate", [*words]).params == command.make_context("calibrate", asked).params
    assert CliRunner().invoke(main, ["calibrate", *words, "--force"]).exit_code == 0
    assert Path("mine.toml").read_bytes() == made


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("vgg11", "resnet34", "has models of resnet alone; the interval of a profile is of families that are left out"),
        ("vgg11,64,", "vgg11,65,", "has 101 models that are used"),
    ],
)
def test_a_table_of_too_few_is_refused_before_it_is_counted(
    before: str, after: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("resnext_flops.machine.calibrate.FEWEST", 102)
    monkeypatch.setattr(published, "samples", lambda *_: pytest.fail("it counts"))
    Path("times.csv").write_text(TABLE.replace(before, after), encoding="utf-8")
    done = CliRunner().invoke(main, ["calibrate", "--published", "times.csv", "--output", "mine.toml"])
    assert (done.exit_code, done.stdout) == (2, "")
    assert says in done.stderr


def test_a_count_that_is_stopped_says_that_it_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stops(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(published, "samples", stops)
    Path("times.csv").write_text(TABLE, encoding="utf-8")
    done = CliRunner().invoke(main, ["calibrate", "--published", "times.csv", "--output", "mine.toml"])
    assert (done.exit_code, done.stdout) == (130, "")
    assert done.stderr == "resnext-flops: stopped; what was counted is kept, and the same command goes on with it\n"
    assert not Path("mine.toml").exists()


def test_samples_of_too_few_are_refused() -> None:
    samples = measured(100, noise=0.0)
    check_samples(samples, "times.csv")
    with pytest.raises(InputError, match="has 99 models that are used"):
        check_samples([*samples[:99], samples[0]], "times.csv")
    with pytest.raises(InputError, match="has models of net alone; the interval of a profile is of families that"):
        check_samples([each._replace(family="net") for each in samples], "times.csv")
    with pytest.raises(InputError, match="has models of kin alone; the interval of a profile is of super-families"):
        check_samples([each._replace(super_family="kin") for each in samples], "times.csv")


def test_a_profile_counts_a_network_once() -> None:
    samples = measured(100, noise=0.02)
    repeated = [*samples, *samples]
    found = calibrated(repeated, ["conv"], fitting.fit(repeated), Origin("m"), "a test", "made up")
    assert (found.models, found.families) == (100, 40)


def test_what_timm_writes_into_a_name() -> None:
    compiled = origin_of("tables/benchmark-infer-fp32-nchw-pt240-cpu-i7_12700h-dynamo.csv")
    assert compiled == Origin("i7_12700h", "torch 2.4.0, compiled", "fp32", "nchw")
    last = origin_of("benchmark-infer-amp-nhwc-pt291-cu128-rtx4090.csv")
    assert last == Origin("rtx4090", "torch 2.9.1, CUDA 12.8", "amp", "nhwc")
    assert origin_of("mine.csv") == Origin("mine", "not stated", "not stated", "not stated")


@pytest.mark.parametrize("name", ["rtx3090", "rtx4090", "i7-12700h"])
def test_the_shipped_profiles_say_what_they_are_made_of(name: str) -> None:
    found = profile(name)
    assert found.models > 1000
    assert found.batch == (1 if name.startswith("i7") else 1024)
    assert found.command.endswith(f"--output {name}.toml")
    assert name in shipped()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--published", "times.csv"], "--output"),
        (["--published", "times.csv", "--output", "mine.json"], "give a name that ends in .toml"),
        (["--published", "times.csv", "--output", "old.toml"], "exists"),
        (["--published", "missing.csv", "--output", "mine.toml"], "cannot read 'missing.csv'"),
        (["--published", "times.csv", "--output", "mine.toml"], "has 1 models that are used; a profile is made of at"),
        (["--published", "other.csv", "--output", "mine.toml"], "unknown column 'infer_img_size'"),
    ],
)
def test_bad_input_is_one_sentence(
    arguments: list[str], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("times.csv").write_text(f"{HEAD}\nresnet18,64,2000,64,11.69\n", encoding="utf-8")
    Path("other.csv").write_text("model,infer_samples_per_sec\nresnet18,3\n", encoding="utf-8")
    Path("old.toml").write_text("", encoding="utf-8")
    done = CliRunner().invoke(main, ["calibrate", *arguments])
    assert (done.exit_code, done.stdout) == (2, "")
    assert says in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not Path("mine.toml").exists()
