"""A department that listens for logouts, and somebody who was told to it."""

from __future__ import annotations

import pytest

from idp.ports import IdpDeps
from tests.support.idp import add_account, add_client
from tests.support.logouts import LISTENS, Department, Scene


def _scene(deps: IdpDeps) -> Scene:
    add_client(deps, backchannel_logout_uri=LISTENS)
    made = Scene(deps, add_account(deps))
    made.department.answers(200)
    return made


@pytest.fixture
def stored(deps: IdpDeps) -> Scene:
    """A scene on both engines."""
    return _scene(deps)


@pytest.fixture
def scene(light: IdpDeps) -> Scene:
    """A scene for what does not depend on the engine."""
    return _scene(light)


@pytest.fixture
def department(scene: Scene) -> Department:
    return scene.department
