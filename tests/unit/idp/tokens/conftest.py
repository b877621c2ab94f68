"""A system that asks for tokens on its own behalf, and the key that it holds."""

from __future__ import annotations

import pytest

from tests.support.bound_client import Holder
from tests.support.idp import Provider


@pytest.fixture
def machine(provider: Provider) -> Provider:
    """A provider with a system that asks for tokens on its own behalf."""
    provider.add_client("machine", grant_types=("client_credentials",), redirect_uris=())
    return provider


@pytest.fixture
def holder(machine: Provider) -> Holder:
    return Holder(machine.deps)
