"""A NUL, which PostgreSQL takes in no text, is refused before anything is looked up by it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from service.app import create_app
from service.config import load_config
from service.metrics import Metrics
from service.wiring import Services


@pytest.fixture(scope="module")
def client(config: Path) -> Iterator[FlaskClient]:
    with Services(load_config(config)) as services:
        yield create_app(services, Metrics()).test_client(use_cookies=False)


@pytest.mark.parametrize("address", ["/login?q=%00", "/login?%00=txn", "/admin/cases/%00", "/pki/%00"])
def test_a_nul_in_the_address_is_refused(client: FlaskClient, address: str) -> None:
    assert client.get(address.replace("%00", "0")).status_code != 400
    assert client.get(address).status_code == 400


def test_a_nul_in_a_cookie_is_refused(client: FlaskClient) -> None:
    answers = (client.get("/login", headers={"Cookie": cookie}) for cookie in (r'a="\060.x"', r'a="\000.x"'))
    assert [answer.status_code for answer in answers] == [200, 400]
