"""The pages about organisations: claiming one, its desk with agents and mandates, and what others let one do for theirs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone

from flask import Blueprint, render_template, request, url_for
from werkzeug.wrappers import Response

from idp.browsers.sessions import Current
from idp.enterprises import appointing, mandates, overview, representing
from idp.enterprises.appointing import Appointment
from idp.ports import IdpDeps
from idp.views import browser
from idp.views.authenticators import Page, for_owner
from kernel.errors import Refusal

_MAX_INPUT = 200
_MOST_BOXES = 100
_HERE = timezone(timedelta(hours=8))
_BELOW = "/account/organizations/<organization_id>"


def add(blueprint: Blueprint, deps: IdpDeps) -> None:
    """Add the pages."""
    _add_own(blueprint, deps)
    _add_desk(blueprint, deps)
    _add_endings(blueprint, deps)


def _add_own(blueprint: Blueprint, deps: IdpDeps) -> None:
    @blueprint.get("/account/organizations")
    def show_organizations() -> Page:
        return _for_owner(deps, lambda current: _own_page(deps, current))

    @blueprint.post("/account/organizations")
    def claim_organization() -> Page:
        def act(current: Current) -> Page:
            claimed = representing.claim(deps, current, _input("uscc"), address=browser.device().address)
            return _go_to_desk(claimed.id)

        return _for_owner(deps, act, again=lambda current, refusal: _own_page(deps, current, refusal))

    def answer(end: Callable[[IdpDeps, Current, str], None], field: str) -> Page:
        def act(current: Current) -> Page:
            end(deps, current, _input(field))
            return browser.go_to(url_for("idp.show_organizations"))

        return _for_owner(deps, act, again=lambda current, refusal: _own_page(deps, current, refusal))

    @blueprint.post("/account/mandates/accept")
    def accept_mandate() -> Page:
        return answer(appointing.accept, "offer")

    @blueprint.post("/account/mandates/refuse")
    def refuse_mandate() -> Page:
        return answer(appointing.refuse, "offer")

    @blueprint.post("/account/mandates/resign")
    def resign_mandate() -> Page:
        return answer(appointing.resign, "mandate")


def _add_desk(blueprint: Blueprint, deps: IdpDeps) -> None:
    @blueprint.get(_BELOW)
    def show_organization(organization_id: str) -> Page:
        return _for_owner(deps, lambda current: _desk_page(deps, current, organization_id))

    @blueprint.post(f"{_BELOW}/mandates")
    def appoint_agent(organization_id: str) -> Page:
        def act(current: Current) -> Page:
            appointing.appoint(deps, current, _known(organization_id), _appointment())
            return _go_to_desk(organization_id)

        return _for_owner(deps, act, again=lambda current, refusal: _desk_again(deps, current, organization_id, refusal))


def _add_endings(blueprint: Blueprint, deps: IdpDeps) -> None:
    def end(organization_id: str, act: Callable[[Current], object]) -> Page:
        def ended(current: Current) -> Page:
            act(current)
            return _go_to_desk(organization_id)

        return _for_owner(deps, ended, again=lambda current, refusal: _desk_again(deps, current, organization_id, refusal))

    @blueprint.post(f"{_BELOW}/mandates/revoke")
    def revoke_mandate(organization_id: str) -> Page:
        return end(organization_id, lambda current: appointing.revoke(deps, current, _known(organization_id), _input("mandate")))

    @blueprint.post(f"{_BELOW}/offers/withdraw")
    def withdraw_offer(organization_id: str) -> Page:
        return end(organization_id, lambda current: appointing.withdraw(deps, current, _known(organization_id), _input("offer")))

    @blueprint.post(f"{_BELOW}/own-login/close")
    def close_own_login(organization_id: str) -> Page:
        return end(organization_id, lambda current: representing.close_own_login(deps, current, _known(organization_id)))


def _for_owner(deps: IdpDeps, act: Callable[[Current], Page], *, again: Callable[[Current, Refusal], Page] | None = None) -> Page:
    return for_owner(deps, act, again=again, then="organizations")


def _own_page(deps: IdpDeps, current: Current, error: Refusal | None = None) -> str:
    return render_template(
        "idp/organizations.html",
        represented=overview.represented(deps, current),
        waiting=overview.waiting(deps, current),
        held=overview.held(deps, current),
        uscc=_input("uscc"),
        error=error,
    )


def _known(organization_id: str) -> str:
    """Return an identifier as a database can be asked for it; what none can be is an unknown one."""
    return organization_id[:_MAX_INPUT].replace("\0", "")


def _desk_page(deps: IdpDeps, current: Current, organization_id: str, error: Refusal | None = None) -> str:
    desk = overview.describe(deps, representing.get_represented(deps, current, _known(organization_id)))
    return render_template("idp/organization.html", desk=desk, typed=request.form, error=error)


def _desk_again(deps: IdpDeps, current: Current, organization_id: str, refusal: Refusal) -> str:
    """Show what was refused on the desk, or among their organisations where it is theirs no longer."""
    try:
        return _desk_page(deps, current, organization_id, refusal)
    except Refusal:
        return _own_page(deps, current, refusal)


def _go_to_desk(organization_id: str) -> Response:
    return browser.go_to(url_for("idp.show_organization", organization_id=organization_id))


def _appointment() -> Appointment:
    return Appointment(
        name=_input("name"),
        resident_id=_input("resident_id"),
        departments=_ticked("department_"),
        powers=_ticked("power_"),
        until=_end_of(_input("until")),
    )


def _end_of(day: str) -> datetime:
    """Return the first moment after a day, as the place counts days."""
    try:
        following = date.fromisoformat(day) + timedelta(days=1)
        return datetime(following.year, following.month, following.day, tzinfo=_HERE)
    except (ValueError, OverflowError):
        raise mandates.unsuitable(field="until", zh="不是日期", en="not a date") from None


def _ticked(prefix: str) -> tuple[str, ...]:
    return tuple(name.removeprefix(prefix) for name in list(request.form)[:_MOST_BOXES] if name.startswith(prefix))


def _input(name: str) -> str:
    return request.form.get(name, "")[:_MAX_INPUT].replace("\0", "")
