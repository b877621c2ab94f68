"""A citizen who just logged in, on both engines (``owner``) and in a browser (``browser``)."""

from __future__ import annotations

import pytest

from idp.browsers.sessions import Current
from idp.ports import IdpDeps
from tests.support.idp import Browser, Provider, add_account
from tests.support.passkeys import enter


@pytest.fixture
def owner(deps: IdpDeps) -> Current:
    add_account(deps)
    return enter(deps)


@pytest.fixture
def citizen(light: IdpDeps) -> Current:
    """The same on SQLite alone."""
    add_account(light)
    return enter(light)


@pytest.fixture
def browser(provider: Provider) -> Browser:
    made = provider.browser()
    made.log_in()
    return made
