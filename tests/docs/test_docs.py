"""What the documentation of `check` and of profiles shows is what the program reads."""

import tomllib
from pathlib import Path

from resnext_flops.complexity.profile import profiles, shipped
from resnext_flops.proof.budgets import WATCHED, check, parse_config

ROOT = Path(__file__).parent.parent.parent
TEXT = (ROOT / "docs" / "check.md").read_text(encoding="utf-8")


def test_the_configuration_that_is_shown() -> None:
    shown = TEXT.split("```toml\n")[1].split("```")[0]
    config = parse_config(shown, Path("budgets.toml"))
    assert str(config.baseline) == tomllib.loads(shown)["baseline"]
    now = check(config, {"resnext50_32x4d": {"macs": 4_230_479_872}})
    assert [each.passed for each in now] == [True] * 5


def test_every_figure_is_explained() -> None:
    explained = [line.split("`")[1] for line in TEXT.splitlines() if line.startswith("| `")]
    assert explained == [*WATCHED, "change"]


def test_the_hook_has_the_name_that_is_shown() -> None:
    hooks = (ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
    assert "- id: resnext-flops-check\n" in hooks
    assert "- id: resnext-flops-check\n" in TEXT


def test_the_table_of_profiles_says_what_each_was_made_of() -> None:
    page = (ROOT / "docs" / "time.md").read_text(encoding="utf-8")
    rows = [line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("| `")]
    shown = {name.strip("`"): made_of[:4] for name, *made_of in rows}
    assert shown == {
        name: [f"{each.batch:,}", each.precision, each.software, f"{each.models:,}"]
        for name, each in profiles(shipped()).items()
    }
