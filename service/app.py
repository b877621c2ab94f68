"""The application: every room's blueprint on one Flask, with errors, forms, headers, languages and figures in one place each."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from itertools import islice
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import urlsplit

import structlog
from flask import Flask, Request, Response, g, jsonify, redirect, render_template, request, url_for
from flask_bootstrap import Bootstrap5
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import RequestRedirect
from werkzeug.wrappers import Response as AnyResponse

import admin_ui.views
import crosscert.views
import idp.views
import licenses.bulk.views
import licenses.elsewhere.views
import licenses.fetching.views
import licenses.life.views
import licenses.many.views
import licenses.views
import licenses.wallet.views
import pki.est.views
import pki.views
from admin_ui.errors import FRESHER_LOGIN_NEEDED
from admin_ui.ports import AdminDeps
from idp.directories import sync as directory_sync
from idp.logout import results
from idp.views.systems import Systems
from kernel.errors import ChaoxinError, ErrorCode, Misuse, Refusal, wait_seconds
from kernel.randomness import token
from licenses.bulk_records import Batch
from pki import alarms
from service import headers, i18n, reference, unholdable
from service.adapters import AuditReader, PeerNodes
from service.assets import Assets
from service.csrf import Csrf
from service.door import Door
from service.errors import BAD_REQUEST, INTERNAL, METHOD_NOT_ALLOWED, NOT_FOUND, TOO_LARGE, problem
from service.fast_path import FastPath, table
from service.floods import Floods
from service.frame import Frame, Templates
from service.health import countdown, readiness
from service.kept_forms import KeptForms
from service.metrics import Metrics
from service.proxies import TrustedProxies
from service.wiring import Services

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

_log = structlog.get_logger()

_COUNTED_ENDS = 500
"""Of the certificates that end soon so many are counted in the figures, the first to end: a reading has no business with every person's."""

_FORM_BYTES = 256 * 1024  # uploads have a cap of their own, in licenses/views
_LATER = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
"""What says when to come again, where that is known (RFC 9110 10.2.3)."""

_HTTP_ERRORS: dict[int, ErrorCode] = {404: NOT_FOUND, 405: METHOD_NOT_ALLOWED, 413: TOO_LARGE}


class _Pages(Flask):
    """Flask without a question that it asks about each hook and view of each request."""

    jinja_environment = Templates

    def raise_routing_exception(self, request: Request) -> NoReturn:
        """Send whoever spelt an address otherwise to the same page below this node, never to the host that the request names."""
        if isinstance(error := request.routing_exception, RequestRedirect):
            wanted = urlsplit(error.new_url)
            error.new_url = f"/{wanted.path.lstrip('/')}{f'?{wanted.query}' if wanted.query else ''}"
        super().raise_routing_exception(request)

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return ``func``: none is a coroutine."""
        return func


def create_application(services: Services) -> WSGIApplication:
    """Build what a server serves: the hot endpoints in front, the pages behind."""
    metrics = Metrics()
    app = create_app(services, metrics)
    door = Door(services.idp, app.extensions["csrf"], app.extensions["floods"])
    application = FastPath(app.wsgi_app, table(services.idp, services.pki, door), metrics)
    listen = services.config.settings.listen
    return TrustedProxies(application, services.config.trusted_proxies, client_certificates=listen.client_certificates)


def create_app(services: Services, metrics: Metrics) -> Flask:
    """Build the pages of one node; every endpoint answers here too."""
    app = _Pages("service", static_folder="static", static_url_path="/static")
    app.config.update(
        BOOTSTRAP_SERVE_LOCAL=True,
        MAX_CONTENT_LENGTH=services.policies.licenses.verification.max_upload_bytes + _FORM_BYTES,
        MAX_FORM_MEMORY_SIZE=_FORM_BYTES,
        SEND_FILE_MAX_AGE_DEFAULT=3600,
        TRUSTED_HOSTS=None,  # no address is ever built from the Host header
    )
    app.json.ensure_ascii = False  # type: ignore[attr-defined]  # the default provider's own attribute
    Bootstrap5(app)
    Assets().init_app(app)
    metrics.init_app(app)
    metrics.watch_ends(
        services.policies.certificates.alarms.days_before_end,
        lambda: (alarm.days for alarm in islice(alarms.find_due(services.pki), _COUNTED_ENDS)),
    )
    metrics.watch_logouts(lambda: results.backlog(services.idp))
    metrics.watch_directories(
        lambda: {
            name: directory_sync.find_state(services.idp, each).failures for name, each in services.staff_directories.items()
        }
    )
    metrics.watch_jobs(services.failed_jobs.listed)
    unholdable.init_app(app)
    Floods(services.policies.assurance.floods, services.clock, redis_url=services.config.settings.limits.redis).init_app(app)
    Csrf(services.node, services.keys.secret("csrf"), partial(_account_of, services)).init_app(app)
    headers.init_app(app, services.node)
    i18n.init_app(app, services.node)
    Frame().init_app(app)
    KeptForms(services.idp).init_app(app)
    _add_errors(app)
    _add_health(app, services)
    _add_context(app, services)
    in_background = partial(_issue_in_background, services)
    for blueprint in (
        pki.views.make_blueprint(services.pki),
        pki.est.views.make_blueprint(services.pki),
        crosscert.views.make_blueprint(services.crosscert),
        licenses.views.make_blueprint(services.licenses),
        licenses.life.views.make_blueprint(services.licenses, Systems(services.idp)),
        licenses.bulk.views.make_blueprint(services.licenses, Systems(services.idp), in_background),
        licenses.elsewhere.views.make_blueprint(services.licenses, PeerNodes(lambda: services.crosscert)),
        licenses.fetching.views.make_blueprint(services.licenses, Systems(services.idp)),
        licenses.wallet.views.make_blueprint(services.licenses),
        licenses.many.views.make_blueprint(services.licenses, lambda scope: Systems(services.idp).verify(scope).client_id),
        idp.views.make_blueprint(services.idp),
        admin_ui.views.make_blueprint(_admin(services)),
        reference.make_blueprint(),
    ):
        app.register_blueprint(blueprint)
    return app


def _issue_in_background(services: Services, batch: Batch) -> None:
    from service import jobs  # noqa: PLC0415 - a server that is handed no file of applications does not load the queue

    jobs.issue_in_background(services, batch)


def _admin(services: Services) -> AdminDeps:
    return AdminDeps(
        node=services.node,
        policies=services.policies,
        pki=services.pki,
        crosscert=services.crosscert,
        licenses=services.licenses,
        idp=services.idp,
        clock=services.clock,
        audit=AuditReader(services.engine),
        visitors=services.visitors,
        in_background=partial(_issue_in_background, services),
        failed_jobs=services.failed_jobs.listed,
        type_fault=lambda: services.in_force.fault,
    )


def _account_of(services: Services) -> str | None:
    visitor = services.visitors.current()
    return None if visitor is None else visitor.account_id


def _add_context(app: Flask, services: Services) -> None:
    @app.context_processor
    def context() -> dict[str, object]:
        return {"node": services.node, "visitor": services.visitors.current()}


def _add_health(app: Flask, services: Services) -> None:
    @app.get("/healthz")
    def healthz() -> Response:
        return Response("ok\n", mimetype="text/plain")

    @app.get("/readyz")
    def readyz() -> tuple[Response, int]:
        findings = readiness(services)
        ready = all(finding.ok for finding in findings)
        # What exactly is wrong is for the operator's log and `chaoxin doctor`, not for whoever can reach this address.
        told = {
            "ready": ready,
            "checks": {finding.check: finding.ok for finding in findings},
            "warnings": [finding.check for finding in findings if finding.warnings],
            "unheard": countdown(services),
        }
        return jsonify(told), 200 if ready else 503


def _add_errors(app: Flask) -> None:
    @app.errorhandler(Refusal)
    def refused(error: Refusal) -> tuple[Response | str, int, dict[str, str]] | AnyResponse:
        if error.error is FRESHER_LOGIN_NEEDED and request.method == "POST":
            return redirect(url_for("idp.show_login"), code=HTTPStatus.SEE_OTHER)  # what was typed is kept meanwhile
        seconds = wait_seconds(error) if error.error.status in _LATER else None
        return *_show(error), {} if seconds is None else {"Retry-After": str(seconds)}

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> tuple[Response | str, int, dict[str, str]] | HTTPException:
        if error.code is None or error.code < 400:  # noqa: PLR2004 - a redirect that werkzeug raises
            return error
        methods = error.valid_methods if isinstance(error, MethodNotAllowed) else None
        headers = {"Allow": ", ".join(sorted(methods))} if methods else {}  # RFC 9110 15.5.6
        return *_show(Refusal(_HTTP_ERRORS.get(error.code, BAD_REQUEST)), status=error.code), headers

    @app.errorhandler(Exception)
    def failed(error: Exception) -> tuple[Response | str, int]:
        incident = token(6)
        _log.error("request_failed", incident=incident, endpoint=request.endpoint, exc_info=error)
        return _show(Misuse(INTERNAL, incident=incident))


def _show(error: ChaoxinError, *, status: int | None = None) -> tuple[Response | str, int]:
    status = status or error.error.status
    for kept in ("csrf_cookie", "csrf_field"):
        g.pop(kept, None)
    if request.path.startswith(("/api/", "/pki/", "/crosscert/", "/.well-known/")):
        response = jsonify(problem(error, instance=request.path) | {"status": status})
        response.mimetype = "application/problem+json"
        return response, status
    return render_template("error.html", error=error, status=status), status
