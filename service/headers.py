"""The security headers of every answer. One place; a page asks for an exception through ``flask.g``: ``form_action``, ``camera``."""

from __future__ import annotations

from flask import Flask, Response, g, request

from kernel.nodes import Node

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
    "manifest-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action {form_action}"
)
_ALWAYS = (
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),  # no-referrer would make browsers send Origin: null with our own forms
    ("X-Frame-Options", "DENY"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
)
_PERMISSIONS = "camera={camera}, geolocation=(), microphone=()"
_TRANSPORT = ("Strict-Transport-Security", "max-age=31536000; includeSubDomains")


def content_security_policy(form_action: tuple[str, ...] = ()) -> str:
    """Return the policy of a page.

    Chromium applies form-action to the redirect after a POST as well, so a login's pages name the origin that it goes back to.
    """
    return _POLICY.format(form_action=" ".join(("'self'", *form_action)))


def transport(node: Node) -> tuple[tuple[str, str], ...]:
    """Return what tells browsers to come by https alone, for a node that does (RFC 6797)."""
    return (_TRANSPORT,) if node.url.startswith("https:") else ()


def of_page(node: Node, form_action: tuple[str, ...] = (), *, camera: bool = False) -> tuple[tuple[str, str], ...]:
    """Return the headers of a page of ``node``."""
    return (
        *_ALWAYS,
        *transport(node),
        ("Content-Security-Policy", content_security_policy(form_action)),
        ("Permissions-Policy", _PERMISSIONS.format(camera="(self)" if camera else "()")),
    )


def init_app(app: Flask, node: Node) -> None:
    """Put the headers on every answer of ``app``."""
    usual = of_page(node)

    @app.after_request
    def secure(response: Response) -> Response:
        headers = response.headers
        present = {name.lower() for name in headers.keys()}  # noqa: SIM118 - its own iterator yields pairs
        form_action, camera = g.get("form_action"), bool(g.get("camera"))
        wanted = [*(of_page(node, form_action or (), camera=camera) if form_action or camera else usual)]
        if response.mimetype == "text/html" and request.endpoint != "static":
            wanted.append(("Cache-Control", "no-store"))
        for name, value in wanted:
            if name.lower() not in present:
                headers.add(name, value)
        return response
