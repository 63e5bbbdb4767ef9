"""How the files of the package hang together: no circles, no imports by name, and names that a caller knows."""

import ast
import doctest
import pickle
import subprocess
import sys
import traceback
from graphlib import TopologicalSorter
from inspect import isclass
from pathlib import Path

import grimp

import resnext_flops as rf

PACKAGE = Path(rf.__file__).parent

# What imports files of ours by name, so that they are loaded when they are asked for; no tool sees such an import.
BY_NAME = {"__init__.py", "cli.py", "complexity/names.py", "plots/__init__.py"}
# What imports a module of torch, or one that the user names.
USERS = {"counters/tracer.py", "counters/zoos/__init__.py", "counters/constructors.py", "proof/conformance/asking.py"}


def test_there_is_no_circle_of_files() -> None:
    """Neither when they are loaded, nor in functions, nor for types."""
    graph = grimp.build_graph("resnext_flops", exclude_type_checking_imports=False, cache_dir=None)
    TopologicalSorter({name: graph.find_modules_directly_imported_by(name) for name in graph.modules}).prepare()


def imports_by_name(file: Path) -> bool:
    names = {"import_module", "__import__"}
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.alias(name=name) if name in names:
                return True
    return False


def test_few_files_import_by_name() -> None:
    found = {file.relative_to(PACKAGE).as_posix() for file in PACKAGE.rglob("*.py") if imports_by_name(file)}
    assert found == BY_NAME | USERS


def public_classes() -> list[type]:
    return [thing for name in rf.__all__ if isclass(thing := getattr(rf, name))]


def test_public_classes_show_their_public_name() -> None:
    assert {rf.InputError, rf.Ledger, rf.Proof, rf.Network} <= set(public_classes())
    assert {kind: kind.__module__ for kind in public_classes()} == dict.fromkeys(public_classes(), "resnext_flops")
    assert traceback.format_exception_only(rf.InputError("no")) == ["resnext_flops.InputError: no\n"]


def test_results_and_classes_that_are_loaded_late_can_be_pickled() -> None:
    ledger = rf.resnet_cifar(20).cost()
    assert pickle.loads(pickle.dumps(ledger)).entries == ledger.entries  # noqa: S301 (our own bytes)
    # Another process finds the class, though nothing there has loaded its file.
    code = "import pickle, sys; print(pickle.load(sys.stdin.buffer))"
    done = subprocess.run(
        [sys.executable, "-c", code], input=pickle.dumps(rf.Solutions), capture_output=True, check=True
    )
    assert done.stdout.split() == [b"<class", b"'resnext_flops.Solutions'>"]


def test_the_examples_of_public_classes_are_run() -> None:
    names = {
        test.name
        for test in doctest.DocTestFinder().find(sys.modules["resnext_flops.complexity.network"])
        if test.examples
    }
    assert "resnext_flops.complexity.network.__test__.Network.cost" in names
