"""What is published: version, citation and workflow, and (`make package`) what is in the wheel and in the archive."""

import re
import shlex
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

import resnext_flops as rf
from resnext_flops.cli import main

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
WORKFLOW = yaml.safe_load((ROOT / ".github/workflows/test.yml").read_text(encoding="utf-8"))
STEM = f"resnext_flops-{rf.__version__}"


def test_the_version_comes_from_one_place() -> None:
    assert "version" not in PROJECT["project"]
    assert PROJECT["project"]["dynamic"] == ["version"]
    assert PROJECT["tool"]["hatch"]["version"] == {"path": "resnext_flops/__init__.py"}
    files = [
        ROOT / "pyproject.toml",
        ROOT / "CITATION.cff",
        ROOT / "docs" / "conf.py",
        *ROOT.glob("resnext_flops/**/*.py"),
    ]
    given = re.compile(r"^_*version_*\s*[=:]\s*[\"']?\d", re.MULTILINE | re.IGNORECASE)
    assert [file for file in files if given.search(file.read_text(encoding="utf-8"))] == [Path(rf.__file__)]


def test_the_citation_is_one() -> None:
    """The keys that version 1.2.0 of the format requires, and no others than it knows."""
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    required = {"cff-version", "message", "title", "authors"}
    assert required <= set(citation) <= required | {"type", "abstract", "license", "keywords", "references"}
    assert citation["cff-version"] == "1.2.0"
    (author,) = citation["authors"]
    holder = re.search(r"Copyright \(c\) \d+ (.+)", (ROOT / "LICENSE").read_text(encoding="utf-8"))
    assert holder is not None
    assert author == {"name": holder[1]}
    assert citation["license"] == PROJECT["project"]["license"]
    assert citation["title"] == PROJECT["project"]["name"]
    (paper,) = citation["references"]
    assert {"type", "title", "authors"} <= set(paper)
    assert paper["url"] == PROJECT["project"]["urls"]["Paper"]


def steps(job: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = WORKFLOW["jobs"][job]["steps"]
    return found


def test_the_workflow_runs_what_there_is_on_the_oldest_python() -> None:
    # YAML 1.1, which the parser reads, takes `on` for a truth value.
    assert set(WORKFLOW[True]) == {"push", "pull_request"}
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for job in ("full", "light"):
        oldest, newest = WORKFLOW["jobs"][job]["strategy"]["matrix"]["python"]
        assert f">={oldest}" == PROJECT["project"]["requires-python"]
        assert int(newest.partition(".")[2]) > int(oldest.partition(".")[2])
        assert any(step.get("with") == {"python-version": "${{ matrix.python }}"} for step in steps(job))
    commands = [step["run"] for step in steps("full") if "run" in step]
    assert "make test" in commands
    assert {command.removeprefix("make ") for command in commands} <= targets


def test_the_workflow_tries_the_light_installation() -> None:
    install, *commands = [step["run"] for step in steps("light") if "run" in step]
    assert install == "python -m pip install ."  # without an extra
    for command in commands:  # that these need no more is told by test_core.py
        name, *words = shlex.split(command)
        assert name in PROJECT["project"]["scripts"]
        assert CliRunner().invoke(main, words).exit_code == 0, command


# What `make package` built --------------------------------------------------------------------------------------------


def built(suffix: str) -> Path:
    file = ROOT / "dist" / f"{STEM}{suffix}"
    assert file.is_file(), f"{file.name} is missing; `make package` builds it"
    return file


def tracked(*folders: str) -> set[str]:
    """The files of the repository."""
    done = subprocess.run(
        [shutil.which("git") or "git", "ls-files", "-z", *folders], cwd=ROOT, capture_output=True, check=True
    )
    return set(done.stdout.decode().rstrip("\0").split("\0"))


@pytest.mark.slow
def test_the_wheel_has_the_whole_package_and_nothing_else() -> None:
    with zipfile.ZipFile(built("-py3-none-any.whl")) as wheel:
        files = set(wheel.namelist())
        metadata = wheel.read(f"{STEM}.dist-info/METADATA").decode()
    about = {
        f"{STEM}.dist-info/{name}" for name in ("METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE")
    }
    assert files == tracked("resnext_flops") | about
    for name in (
        *("py.typed", "schemas/compare-1.json", "counters/operators.toml", "proof/published/tables/3.toml"),
        *("reports/templates/report.html.j2", "reports/templates/style.css"),
    ):
        assert f"resnext_flops/{name}" in files
    assert f"\nVersion: {rf.__version__}\n" in metadata


@pytest.mark.slow
def test_the_archive_has_the_files_of_the_repository() -> None:
    with tarfile.open(built(".tar.gz")) as archive:
        files = {member.name.removeprefix(f"{STEM}/") for member in archive.getmembers()}
    assert files == tracked() - {"docs/notebooks"} | {"PKG-INFO"}  # which is a link to notebooks


@pytest.mark.slow
def test_the_wheel_makes_a_report_in_an_environment_of_its_own(tmp_path: Path) -> None:
    environment, wheel = tmp_path / "environment", built("-py3-none-any.whl")
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    python = str(environment / "bin" / "python")
    subprocess.run([python, "-m", "pip", "install", "--quiet", f"{wheel}[report]"], check=True)
    command = [str(environment / "bin" / "resnext-flops"), "report", "--of", "paper", "--no-prove", "--format", "html"]
    own = {"PATH": str(environment / "bin")}  # nothing of the checkout's
    subprocess.run([*command, "--output", "report"], cwd=tmp_path, env=own, check=True)
    page = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    assert "4,089,184,256" in page  # the multiply-adds of ResNet-50
    assert "4,230,479,872" in page  # and of ResNeXt-50 (32x4d)
    assert page.count("<svg") + page.count("data:image") > 0
    version = [
        python,
        "-c",
        "import importlib.metadata as m, resnext_flops as rf; print(m.version('resnext-flops'), rf.__file__)",
    ]
    found, place = subprocess.run(
        version, cwd=tmp_path, env=own, check=True, capture_output=True, text=True
    ).stdout.split()
    assert found == rf.__version__
    assert Path(place).is_relative_to(environment)
