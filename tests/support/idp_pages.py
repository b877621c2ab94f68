"""The pages of an identity room in the frame of the house, without the other rooms."""

from __future__ import annotations

from flask import Flask, render_template
from flask_bootstrap import Bootstrap5
from jinja2.bccache import Bucket, BytecodeCache

from idp.ports import IdpDeps
from idp.views import Visitors, entering, make_blueprint
from kernel.errors import Refusal
from service import headers, i18n
from service.csrf import Csrf
from service.door import Door
from service.fast_path import FastPath
from service.floods import Floods
from service.frame import Frame, Templates
from service.metrics import Metrics


class _Bytecode(BytecodeCache):
    """Compiles each template once a test process instead of once a test."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._kept:
            bucket.bytecode_from_string(self._kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key] = bucket.bytecode_to_string()


_BYTECODE = _Bytecode()


def make_app(deps: IdpDeps) -> Flask:
    """The blueprint in the frame of the house, without the other rooms, and the login in front of Flask."""
    app = Flask("service")
    app.jinja_environment = Templates
    app.jinja_options = {"bytecode_cache": _BYTECODE}
    app.config.update(BOOTSTRAP_SERVE_LOCAL=True, MAX_FORM_MEMORY_SIZE=256 * 1024)
    Bootstrap5(app)
    visitors = Visitors(deps)
    Floods(deps.policies.assurance.floods, deps.clock).init_app(app)
    Csrf(deps.node, deps.keys.secret("csrf"), lambda: None if (one := visitors.current()) is None else one.account_id).init_app(
        app
    )
    headers.init_app(app, deps.node)
    i18n.init_app(app, deps.node)
    Frame().init_app(app)
    app.register_blueprint(make_blueprint(deps))
    app.context_processor(lambda: {"node": deps.node, "visitor": visitors.current()})

    @app.errorhandler(Refusal)
    def refused(error: Refusal) -> tuple[str, int]:
        return render_template("error.html", error=error, status=error.error.status), error.error.status

    door = Door(deps, app.extensions["csrf"], app.extensions["floods"])
    app.wsgi_app = FastPath(app.wsgi_app, {entering.LOGIN: door.answer}, Metrics())  # type: ignore[method-assign]  # as Flask's manual has it
    return app
