"""A department's site as its own developers would write it: Flask and Authlib's client, nothing of Chaoxin inside.

Run as ``python -m service.demo.departments SETTINGS.json``; the settings hold what the department got when it registered.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, TypedDict
from urllib.parse import urlencode

from authlib.integrations.base_client import OAuthError
from authlib.integrations.flask_client import OAuth
from flask import Flask, redirect, render_template, session, url_for
from werkzeug.serving import make_server
from werkzeug.wrappers import Response


class SiteSettings(TypedDict):
    """What a department's site needs to know."""

    name: str
    task: str
    port: int
    issuer: str
    client_id: str
    client_secret: str
    scope: str
    session_key: str
    cookie: str


def create_site(settings: SiteSettings) -> Flask:
    """Build the site of one department."""
    app = Flask(__name__, template_folder="templates")
    app.secret_key = settings["session_key"]
    app.config.update(SESSION_COOKIE_NAME=settings["cookie"], SESSION_COOKIE_SAMESITE="Lax")
    chaoxin = OAuth(app).register(
        "chaoxin",
        client_id=settings["client_id"],
        client_secret=settings["client_secret"],
        server_metadata_url=f"{settings['issuer']}/.well-known/openid-configuration",
        client_kwargs={"scope": settings["scope"], "code_challenge_method": "S256"},
    )
    home_url = f"http://localhost:{settings['port']}/"

    @app.get("/")
    def home() -> str:
        return render_template("department.html", settings=settings, person=session.get("person"), error=None)

    @app.get("/login")
    def login() -> Response:
        answer: Response = chaoxin.authorize_redirect(f"{home_url}callback")
        return answer

    @app.get("/callback")
    def callback() -> Response | tuple[str, int]:
        try:
            token: dict[str, Any] = chaoxin.authorize_access_token()
        except OAuthError as error:
            return render_template("department.html", settings=settings, person=None, error=error.description or error.error), 400
        session["person"] = dict(token["userinfo"]) | dict(chaoxin.userinfo(token=token))
        session["id_token"] = token["id_token"]
        return redirect(url_for("home"), code=303)

    @app.get("/logout")
    def logout() -> Response:
        hint = session.pop("id_token", "")
        session.clear()
        end_session = chaoxin.load_server_metadata()["end_session_endpoint"]
        query = urlencode({"id_token_hint": hint, "post_logout_redirect_uri": home_url, "client_id": settings["client_id"]})
        return redirect(f"{end_session}?{query}", code=303)

    return app


def main() -> None:
    """Serve the site that the settings file of the first argument describes."""
    settings: SiteSettings = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    make_server("127.0.0.1", settings["port"], create_site(settings), threaded=True).serve_forever()


if __name__ == "__main__":
    main()
