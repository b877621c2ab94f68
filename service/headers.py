"""The security headers of every answer. One place; a page asks for an exception through ``flask.g.form_action``."""

from __future__ import annotations

from flask import Flask, Response, g, request

from kernel.nodes import Node

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
    "manifest-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action {form_action}"
)


def content_security_policy(form_action: tuple[str, ...] = ()) -> str:
    """Return the policy of a page.

    Chromium applies form-action to the redirect after a POST as well, so a login's pages name the origin that it goes back to.
    """
    return _POLICY.format(form_action=" ".join(("'self'", *form_action)))


def init_app(app: Flask, node: Node) -> None:
    """Put the headers on every answer of ``app``."""
    https = node.url.startswith("https:")

    @app.after_request
    def secure(response: Response) -> Response:
        headers = response.headers
        headers.setdefault("Content-Security-Policy", content_security_policy(g.get("form_action", ())))
        headers.setdefault("X-Content-Type-Options", "nosniff")
        headers.setdefault(
            "Referrer-Policy", "same-origin"
        )  # no-referrer would make browsers send Origin: null with our own forms
        headers.setdefault("X-Frame-Options", "DENY")
        headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        headers.setdefault("Permissions-Policy", "camera=(self), geolocation=(), microphone=()")
        if https:
            headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
        if response.mimetype == "text/html" and request.endpoint != "static":
            headers.setdefault("Cache-Control", "no-store")
        return response
