"""A kiosk in a service hall and the phone of somebody who stands before it (RFC 8628), without sockets."""

from __future__ import annotations

from typing import Any

from werkzeug.test import TestResponse

from idp import endpoints
from idp.clients.grant_types import DEVICE_CODE
from idp.wire import OAuthResponse
from tests.support.idp import Browser, Provider, json_of
from tests.support.relying_party import find_form, forms


def ask(hall: Provider, client_id: str = "kiosk", **changes: str | None) -> dict[str, Any]:
    """Ask for a login as the kiosk and return its codes."""
    form: dict[str, str | None] = {"scope": "openid profile offline_access"}
    answered = _post(hall, endpoints.DEVICE_AUTHORIZATION, form | changes, client_id)
    assert answered.status == 200, answered.body
    return json_of(answered)


def poll(hall: Provider, device_code: str, client_id: str = "kiosk") -> OAuthResponse:
    """Ask as the kiosk how things stand."""
    return _post(hall, endpoints.TOKEN, {"grant_type": DEVICE_CODE, "device_code": device_code}, client_id)


def _post(hall: Provider, path: str, form: dict[str, str | None], client_id: str) -> OAuthResponse:
    if hall.client(client_id).public:
        return hall.post(path, form | {"client_id": client_id}, authorization=None)
    return hall.post(path, form, client_id=client_id)


def type_code(phone: Browser, user_code: str) -> TestResponse:
    """Type a code into the phone and return the page that follows."""
    (form,) = [form for form in forms(phone.get(endpoints.DEVICE).text) if "user_code" in form.values]
    return phone.follow(phone.client.post(form.action, data=form.values | {"user_code": user_code}))


def question(phone: Browser, user_code: str) -> TestResponse:
    """Type the code, log in where that is asked, and return the page that asks for a yes."""
    page = type_code(phone, user_code)
    return phone.follow(phone.type_password(page)) if find_form(page.text, "current-password") else page


def answer(phone: Browser, page: TestResponse, where: str) -> TestResponse:
    """Press the button of the form that leads there; the answer's address is absolute, though it is the provider's own."""
    (form,) = [form for form in forms(page.text) if form.action.startswith(where)]
    response = phone.send(form)
    response.headers["Location"] = response.headers["Location"].removeprefix(phone.provider.deps.issuer)
    return phone.follow(response)


def approve(phone: Browser, user_code: str) -> TestResponse:
    """Go the phone's whole way to a yes."""
    return answer(phone, question(phone, user_code), endpoints.DEVICE_CONFIRM)
