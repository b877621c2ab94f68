"""A department's website where people log in by Chaoxin. Left out on purpose: design, logs, sessions that outlive the process."""

import os
import secrets
from typing import Any

from authlib.integrations.base_client import OAuthError
from authlib.integrations.flask_client import OAuth
from flask import Flask, Response, redirect, render_template_string, request, session
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

ISSUER, CLIENT_ID, CLIENT_SECRET = (os.environ[name] for name in ("ISSUER", "CLIENT_ID", "CLIENT_SECRET"))
PORT = int(os.environ.get("PORT", "9300"))
HOME = f"http://localhost:{PORT}/"
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
PAGE = """<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>示例系统</title>{{ problem }}
{% if login %}
<dl>{% for name, value in login.person.items() %}<dt>{{ name }}<dd>{{ value }}{% endfor %}</dl>
<p>已刷新 {{ login.refreshed }} 次</p>
<form method="post" action="/refresh"><button>刷新</button></form>
<form method="post" action="/logout"><button>退出</button></form>
{% else %}<a href="/login">用潮信登录</a>{% endif %}"""

app = Flask(__name__)
app.secret_key = secrets.token_bytes(32)
app.config.update(SESSION_COOKIE_NAME="example_python", SESSION_COOKIE_SAMESITE="Lax")  # and SECURE, on https

# Discovery: every address of the node comes from here. Authlib keeps each login under its state, so two tabs don't meet.
chaoxin = OAuth(app).register(
    "chaoxin",
    client_id=CLIENT_ID,
    client_secret=CLIENT_SECRET,
    server_metadata_url=f"{ISSUER}/.well-known/openid-configuration",
    client_kwargs={"scope": "openid profile", "code_challenge_method": "S256"},
)
logins: dict[str, dict[str, Any]] = {}
"""Who is logged in, by what their cookie says: here, and not in the cookie, so that a logout notice can end it."""


@app.get("/")
def home() -> str:
    """Show what the department was told of the person."""
    return render_template_string(PAGE, login=current())


@app.get("/login")
def login() -> Response:
    """Send the browser to the node, with state, nonce and PKCE."""
    return chaoxin.authorize_redirect(f"{HOME}callback")


@app.get("/callback")
def callback() -> Any:
    """Redeem the code; Authlib checks state, nonce, signature, iss, aud and exp."""
    if request.args.get("iss", ISSUER) != ISSUER:  # RFC 9207: the answer is another provider's
        return render_template_string(PAGE, problem="登录没有完成。"), 400
    try:
        token = chaoxin.authorize_access_token()
    except (OAuthError, JoseError):  # refused or cancelled, shown twice, or not to be believed
        return render_template_string(PAGE, problem="登录没有完成，请重新登录。"), 400
    person = chaoxin.userinfo(token=token)
    if person["sub"] != token["userinfo"]["sub"]:  # OpenID Connect Core 5.3.2
        return render_template_string(PAGE, problem="登录没有完成。"), 400
    logins.pop(session.get("login", ""), None)
    session["login"] = secrets.token_urlsafe()
    logins[session["login"]] = {"token": token, "claims": token["userinfo"], "person": person, "refreshed": 0}
    return redirect("/", 303)


@app.post("/refresh")
def refresh() -> Any:
    """Take new tokens, and keep the new refresh token: the old one is used up."""
    mine = current()
    if mine is not None:
        try:
            token = chaoxin.fetch_access_token(grant_type="refresh_token", refresh_token=mine["token"]["refresh_token"])
            mine.update(token=token, refreshed=mine["refreshed"] + 1)
        except OAuthError as error:
            if error.error != "invalid_grant":
                raise
            logins.pop(session.pop("login"))  # ended at the node: logged out, disabled, or revoked
    return redirect("/", 303)


@app.post("/logout")
def logout() -> Any:
    """End the login here, then at the node."""
    mine = logins.pop(session.pop("login", ""), None)
    hint = mine["token"]["id_token"] if mine else None
    return redirect(chaoxin.create_logout_url(HOME, hint, client_id=CLIENT_ID)["url"], 303)


@app.post("/backchannel-logout")
def backchannel_logout() -> Any:
    """End the logins of a session that the node says has ended. It has no cookie: the signed token is all there is to believe."""
    try:
        ended = verify_logout_token(request.form.get("logout_token", ""))
    except (JoseError, ValueError):
        return {"error": "invalid_request"}, 400
    name = "sid" if "sid" in ended else "sub"
    for key in [key for key, one in logins.items() if one["claims"].get(name) == ended[name]]:
        del logins[key]
    return "", 200, {"Cache-Control": "no-store"}


def verify_logout_token(text: str) -> dict[str, Any]:
    """Return the claims of a logout token after all checks of Back-Channel Logout 2.6; ``JoseError`` or ``ValueError``."""
    algorithms = ["ES256", "RS256"]
    try:
        token = jwt.decode(text, KeySet.import_key_set(chaoxin.fetch_jwk_set()), algorithms)
    except InvalidKeyIdError:  # the node signs with a new key
        token = jwt.decode(text, KeySet.import_key_set(chaoxin.fetch_jwk_set(force=True)), algorithms)
    required: dict[str, Any] = {name: {"essential": True} for name in ("exp", "iat", "jti", "events")}
    required |= {"iss": {"essential": True, "value": ISSUER}, "aud": {"essential": True, "value": CLIENT_ID}}
    jwt.JWTClaimsRegistry(leeway=10, **required).validate(token.claims)
    if token.header.get("typ") != "logout+jwt" or LOGOUT_EVENT not in token.claims["events"] or "nonce" in token.claims:
        message = "not a logout token"
        raise ValueError(message)
    if not {"sid", "sub"} & token.claims.keys():
        message = "nobody's logout token"
        raise ValueError(message)
    return token.claims


def current() -> dict[str, Any] | None:
    """Return who is logged in in this browser."""
    return logins.get(session.get("login", ""))


if __name__ == "__main__":
    app.run("127.0.0.1", PORT)
