"""Settings of the tests, and the documentation site, which two files look at."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import settings

# Building and tracing a real network takes as long as the machine needs: no deadline, and few examples by default.
settings.register_profile("default", deadline=None, max_examples=25, derandomize=True)
# `make fuzz`: other examples each time, and many.
settings.register_profile("fuzz", deadline=None, max_examples=1000, print_blob=True)
settings.load_profile("default")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden files anew")


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A directory for what is kept of libraries' models, in the place of the user's own."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("platformdirs.user_cache_path", lambda _: folder)
        yield folder


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of the documentation site, built anew as `make docs` does; of several workers one builds it."""
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    built = shared / "site"
    with FileLock(shared / "site.lock"):
        if not (built / "index.html").exists():
            build_site(built)
    return built


def build_site(built: Path) -> None:
    """Build the site without a network, and fail with what Sphinx says if it warns of anything."""
    root = Path(__file__).parent.parent
    nowhere = {f"{scheme}_proxy": "http://127.0.0.1:9" for scheme in ("http", "https")}
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "-W", "-n", "-E", "-q", "-b", "html", "docs", str(built)],
        cwd=root,
        env={**os.environ, **nowhere, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode or done.stderr:
        shutil.rmtree(built, ignore_errors=True)
        pytest.fail(f"the site does not build: {done.stderr}")
