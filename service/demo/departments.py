"""A department's site as its own developers would write it: Flask and Authlib's client, nothing of Chaoxin inside.

Run as ``python -m service.demo.departments SETTINGS.json``; the settings hold what the department got when it registered.
"""

from __future__ import annotations

import json
import sys
from collections import deque
from pathlib import Path
from typing import Any, TypedDict
from urllib.parse import urlencode

from authlib.integrations.base_client import OAuthError
from authlib.integrations.flask_client import OAuth
from authlib.oauth2.rfc6750 import InvalidTokenError
from authlib.oidc.core import IDToken
from flask import Flask, redirect, render_template, request, session, url_for
from werkzeug.serving import make_server
from werkzeug.wrappers import Response

LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
_REMEMBERED = 10_000


class LogoutClaims(IDToken):  # type: ignore[misc]  # the library has no types
    """What a logout token must say beyond being signed, in time and for us (Back-Channel Logout 1.0, 2.6)."""

    def validate(self, now: int | None = None, leeway: int = 0) -> None:
        """Check it."""
        super().validate(now, leeway)
        if (
            self.header.get("typ") != "logout+jwt"
            or LOGOUT_EVENT not in self.get("events", {})
            or "nonce" in self
            or "sid" not in self
        ):
            raise InvalidTokenError


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
    ended = _hear_of_logouts(app, chaoxin)

    @app.get("/")
    def home() -> str:
        if session.get("person", {}).get("sid") in ended:
            session.clear()
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
        session["refresh_token"] = token.get("refresh_token")
        return redirect(url_for("home"), code=303)

    @app.get("/refresh")
    def refresh() -> Response | tuple[str, int]:
        """Ask again who the person is, without their browser: what happens where a department works on for hours."""
        try:
            token = chaoxin.fetch_access_token(grant_type="refresh_token", refresh_token=session.get("refresh_token"))
        except OAuthError as error:
            session.clear()
            return render_template("department.html", settings=settings, person=None, error=error.description or error.error), 400
        session["person"] = session["person"] | dict(chaoxin.userinfo(token=token))
        session["refresh_token"] = token["refresh_token"]
        return redirect(url_for("home"), code=303)

    @app.get("/logout")
    def logout() -> Response:
        hint = session.pop("id_token", "")
        session.clear()
        end_session = chaoxin.load_server_metadata()["end_session_endpoint"]
        query = urlencode({"id_token_hint": hint, "post_logout_redirect_uri": home_url, "client_id": settings["client_id"]})
        return redirect(f"{end_session}?{query}", code=303)

    return app


def _hear_of_logouts(app: Flask, chaoxin: Any) -> deque[str]:
    """Take logout tokens (Back-Channel Logout 1.0) and return the sessions that they ended. A real site keeps these in its session store."""
    ended: deque[str] = deque(maxlen=_REMEMBERED)

    @app.post("/backchannel-logout")
    def backchannel_logout() -> tuple[str, int, dict[str, str]]:
        try:
            shown = {"id_token": request.form.get("logout_token", "")}
            claims = chaoxin.parse_id_token(shown, nonce=None, claims_cls=LogoutClaims)
        except Exception:  # noqa: BLE001 - whatever is wrong with it
            return "", 400, {"Cache-Control": "no-store"}
        ended.append(claims["sid"])
        return "", 200, {"Cache-Control": "no-store"}

    return ended


def main() -> None:
    """Serve the site that the settings file of the first argument describes."""
    settings: SiteSettings = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    make_server("127.0.0.1", settings["port"], create_site(settings), threaded=True).serve_forever()


if __name__ == "__main__":
    main()
