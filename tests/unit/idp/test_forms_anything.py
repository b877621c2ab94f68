"""Schemathesis over the pages and forms of the identity room, from their table: what the table allows and what it does not.

A page of ours or a refusal, never a 500, never an address that is not ours or the client's (``tests/support/idp_forms.py``). The protocol's
own endpoints and the departments' API: ``tests/functional/test_schemathesis.py``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode
from schemathesis.generation.case import Case

from pki.keyfiles import FileKeyStore
from service.csrf import FIELD
from tests.support.good_requests import register
from tests.support.idp import TOTP_SECRET, provider_in
from tests.support.idp_forms import FORM, PAGES, Page, Visit
from tests.support.request_rows import World

_EXAMPLES = settings(
    max_examples=4,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate],
)
"""So many of each form and each kind, the same every time."""

_TEXT = {"type": "string"}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, keys: FileKeyStore) -> Iterator[World]:
    with provider_in(tmp_path_factory.mktemp("any-forms"), keys) as provider:
        register(provider)
        provider.add_account("linwenshu", kind="staff", totp_secret=TOTP_SECRET)
        yield World(provider.browser())


def _operation(method: str, page: Page, good: Mapping[str, str]) -> dict[str, Any]:
    """A form as OpenAPI describes it: each field has its good value or any other."""
    values = {name: {"anyOf": [{"enum": [good[name]]}, _TEXT]} for name in (*page.query, *page.form)}
    query = [{"in": "query", "name": name, "schema": values[name]} for name in page.query]
    operation: dict[str, Any] = {"parameters": query, "responses": {"200": {"description": "a page"}}}
    if method == "POST":
        schema = {"type": "object", "properties": {name: values[name] for name in page.form}}
        operation["requestBody"] = {"content": {FORM: {"schema": schema}}}
    return operation


def _pairs(given: object) -> list[tuple[str, str]]:
    return [(name, str(value)) for name, value in given.items()] if isinstance(given, Mapping) else []


@pytest.mark.parametrize("page", [page for page, takes in PAGES.items() if takes.query or takes.form], ids=" ".join)
def test_whatever_a_form_is_sent_it_answers_by_a_page_of_ours(world: World, page: tuple[str, str]) -> None:
    visit = Visit(world, page)
    method, path = page
    document = {path: {method.lower(): _operation(method, visit.page, visit.values)}}
    described = schemathesis.openapi.from_dict(
        {"openapi": "3.1.0", "info": {"title": "forms", "version": "1"}, "paths": document}
    )
    (found,) = described.get_all_operations()
    assert isinstance(found, Ok)
    sent = 0

    def send(case: Case[Any]) -> None:
        nonlocal sent
        sent += 1
        query, form = _pairs(case.query), _pairs(case.body)
        if sent % 2 and method == "POST":  # beyond the check that the form is ours
            form = [*(pair for pair in form if pair[0] != FIELD), (FIELD, visit.values[FIELD])]
        visit.send(query, form)

    for mode in GenerationMode:
        _EXAMPLES(given(case=found.ok().as_strategy(generation_mode=mode))(send))()
    assert sent >= 4
