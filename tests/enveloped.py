"""What a command printed as JSON: taken out of its envelope, and held against the schemas that are shipped."""

import json
from functools import cache
from importlib.resources import files
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry, Resource

import resnext_flops as rf

SCHEMAS = files("resnext_flops.schemas")


@cache
def schemas() -> dict[str, Any]:
    """Every schema that is shipped, by its name."""
    return {
        file.name.removesuffix(".json"): json.loads(file.read_text(encoding="utf-8"))
        for file in SCHEMAS.iterdir()
        if file.name.endswith(".json")
    }


@cache
def validator(name: str) -> Draft202012Validator:
    """What holds an instance against a schema."""
    found = schemas()
    registry: Registry[Any] = Registry().with_resources(
        [(each, Resource.from_contents(content)) for each, content in found.items()]
    )
    Draft202012Validator.check_schema(found[name])
    return Draft202012Validator(found[name], registry=registry)


def answered(text: str, command: str | None = None) -> Any:
    """The result of a command from what it printed with `--format json`. command: which must have printed it."""
    envelope = json.loads(text)
    validator("envelope-1").validate(envelope)
    validator(envelope["schema"]).validate(envelope["result"])
    assert envelope["version"] == rf.__version__
    assert command in (None, envelope["command"])
    return envelope["result"]
