"""Every contract of import-linter holds, and is seen to fail when one import is planted that it forbids."""

from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import grimp
import pytest
from importlinter.application.use_cases import read_user_options
from importlinter.configuration import configure
from importlinter.contracts.layers import LayersContract
from importlinter.contracts.protected import ProtectedContract
from importlinter.domain.contract import Contract

ROOT = Path(__file__).parent.parent
OURS, OUTSIDE = "pyproject.toml", "outside_packages.toml"
TYPES: dict[str, type[Contract]] = {"layers": LayersContract, "protected": ProtectedContract}

configure()
OPTIONS = {file: read_user_options(str(ROOT / file)) for file in (OURS, OUTSIDE)}
CONTRACTS = [
    pytest.param(file, options, id=options["name"]) for file in OPTIONS for options in OPTIONS[file].contracts_options
]


@cache
def graph(file: str) -> grimp.ImportGraph:
    """The imports that the contracts of a file look at."""
    session = OPTIONS[file].session_options
    return grimp.build_graph(
        "resnext_flops",
        include_external_packages=session.get("include_external_packages") == "True",
        exclude_type_checking_imports=session.get("exclude_type_checking_imports") == "True",
        cache_dir=None,
    )


def broken(file: str, imports: grimp.ImportGraph) -> list[str]:
    """The names of a file's contracts that do not hold."""
    session, contracts = OPTIONS[file].session_options, OPTIONS[file].contracts_options
    found = [TYPES[options["type"]](options["name"], session, options) for options in contracts]
    return [contract.name for contract in found if not contract.check(deepcopy(imports), verbose=False).kept]


def forbidden_import(options: dict[str, Any]) -> tuple[str, str]:
    """An import that breaks a contract and no other: who imports, and what."""
    if options["type"] == "layers":
        (container,), (upper, lower, *_) = options["containers"], options["layers"]
        return f"{container}.{lower.split()[0]}", f"{container}.{upper.split()[0]}"
    (protected,) = options["protected_modules"]
    return "resnext_flops.errors", protected


@pytest.mark.parametrize("file", OPTIONS)
def test_the_contracts_hold(file: str) -> None:
    assert broken(file, graph(file)) == []


def test_an_import_for_types_counts_among_our_own_modules_alone() -> None:
    for file, counts in ((OURS, True), (OUTSIDE, False)):
        found = graph(file).direct_import_exists(
            importer="resnext_flops.reports.content", imported="resnext_flops.counters.lookup"
        )
        assert found is counts


@pytest.mark.parametrize(("file", "options"), CONTRACTS)
def test_a_planted_import_breaks_its_contract_alone(file: str, options: dict[str, Any]) -> None:
    importer, imported = forbidden_import(options)
    planted = deepcopy(graph(file))
    planted.add_import(importer=importer, imported=imported)
    assert broken(file, planted) == [options["name"]]


@pytest.mark.parametrize(("file", "options"), CONTRACTS)
def test_a_contract_has_no_exceptions_and_no_gaps(file: str, options: dict[str, Any]) -> None:
    assert not {"ignore_imports", "exhaustive_ignores"} & set(options)
    if options["type"] == "layers":  # every module has its layer
        planted = deepcopy(graph(file))
        planted.add_module(f"{options['containers'][0]}.new")
        assert broken(file, planted) == [options["name"]]
    else:  # whoever may import a package does
        importers = graph(file).find_modules_that_directly_import(options["protected_modules"][0])
        for allowed in options["allowed_importers"]:
            assert importers & {allowed, *graph(file).find_descendants(allowed)}, allowed
