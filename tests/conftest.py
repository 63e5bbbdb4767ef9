"""Settings of the tests."""

import pytest
from hypothesis import settings

# Building and tracing a real network takes as long as the machine needs: no deadline, and few examples by default.
settings.register_profile("default", deadline=None, max_examples=25, derandomize=True)
settings.load_profile("default")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden files anew")
