"""Settings of the tests, and the documentation site, which two files look at."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import settings

# Building and tracing a real network takes as long as the machine needs: no deadline, and few examples by default.
settings.register_profile("default", deadline=None, max_examples=25, derandomize=True)
settings.load_profile("default")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden files anew")


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of the documentation site, built anew as `make docs` does, without a network."""
    root, built = Path(__file__).parent.parent, tmp_path_factory.mktemp("site")
    nowhere = {f"{scheme}_proxy": "http://127.0.0.1:9" for scheme in ("http", "https")}
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-n", "-E", "-q", "-b", "html", "docs", str(built)],
        cwd=root,
        env={**os.environ, **nowhere, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr, done.stderr
    return built
