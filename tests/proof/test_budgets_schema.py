"""The schema of budgets.toml agrees with the program on which files are configurations."""

import tomllib
from pathlib import Path

import pytest
from jsonschema import ValidationError

import resnext_flops as rf
from resnext_flops.complexity.names import NAMED
from resnext_flops.proof.budgets import parse_config
from tests.enveloped import schemas, validator

PAGE = Path(__file__).parents[2] / "docs" / "check.md"
VALID = {
    "the page's own": PAGE.read_text(encoding="utf-8").partition("```toml\n")[2].partition("```")[0],
    "a call": '[[models]]\nmodel = "resnet(18, classes=10)"\nlimits = ["macs <= 4G"]',
    "an inline table": 'models = [{model = "vgg16", limits = ["params == 138_357_544"]}]\nbaseline = "b.json"',
}
INVALID = {
    "nothing": "",
    "no models": 'baseline = "b.json"',
    "an empty array": "models = []",
    "no array": 'models = "resnet50"',
    "a model that is none": "models = [3]",
    "no limits": '[[models]]\nmodel = "resnet50"',
    "empty limits": '[[models]]\nmodel = "resnet50"\nlimits = []',
    "no name": '[[models]]\nlimits = ["macs <= 4G"]',
    "a name that is none": '[[models]]\nmodel = 50\nlimits = ["macs <= 4G"]',
    "a limit that is none": '[[models]]\nmodel = "resnet50"\nlimits = [4]',
    "a limit without a comparison": '[[models]]\nmodel = "resnet50"\nlimits = ["macs"]',
    "one limit": '[[models]]\nmodel = "resnet50"\nlimits = "macs <= 4G"',
    "another key": '[[models]]\nmodel = "resnet50"\nlimit = ["macs <= 4G"]',
    "another key at the top": 'model = "resnet50"\nlimits = ["macs <= 4G"]',
    "a baseline that is none": 'baseline = 3\n[[models]]\nmodel = "resnet50"\nlimits = ["macs <= 4G"]',
}


@pytest.mark.parametrize("case", VALID)
def test_a_valid_file(case: str) -> None:
    validator("budgets-1").validate(tomllib.loads(VALID[case]))
    assert parse_config(VALID[case], Path("budgets.toml")).budgets


@pytest.mark.parametrize("case", INVALID)
def test_an_invalid_file(case: str) -> None:
    with pytest.raises(ValidationError):
        validator("budgets-1").validate(tomllib.loads(INVALID[case]))
    with pytest.raises(rf.InputError):
        parse_config(INVALID[case], Path("budgets.toml"))


def test_an_editor_offers_every_name() -> None:
    model = schemas()["budgets-1"]["properties"]["models"]["items"]["properties"]["model"]
    assert model["anyOf"][0]["enum"] == list(NAMED)


def test_the_page_says_where_it_is() -> None:
    assert "#:schema " in PAGE.read_text(encoding="utf-8")
