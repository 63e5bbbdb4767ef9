"""What `pip install resnext-flops` brings: the bytes and the distributions of the core, of what they may be."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.pairs import Comparison

ROOT = Path(__file__).parent.parent
MOST_MEBIBYTES, MOST_DISTRIBUTIONS = 20, 10


def rows() -> Iterator[Comparison]:
    with tempfile.TemporaryDirectory() as folder:
        environment = Path(folder)
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
        python = environment / "bin" / "python"
        pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
        # Bytecode is a part of what is installed, as it is for everybody.
        subprocess.run([*pip, "--compile", str(ROOT)], check=True)
        (packages,) = environment.glob("lib/python*/site-packages")
        size = sum(file.stat().st_size for file in packages.rglob("*") if file.is_file()) / 2**20
        count = len(list(packages.glob("*.dist-info")))
        yield Comparison(f"{size:.1f} MiB of the core / {MOST_MEBIBYTES} MiB", [size / MOST_MEBIBYTES], "at most 1")
        yield Comparison(
            f"{count} distributions of the core / {MOST_DISTRIBUTIONS}", [count / MOST_DISTRIBUTIONS], "at most 1"
        )
