"""A department's web server that is not ours: Debian's Apache with mod_auth_openidc, in front of an application that sees only headers."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from textwrap import dedent
from typing import Any

from tests.support.lone_node import wait_for
from tests.support.programs import need

_MODULES = Path("/usr/lib/apache2/modules")
_LOADED = ("mpm_event", "authn_core", "authz_core", "authz_user", "auth_openidc", "proxy", "proxy_http")
_PASSPHRASE = "for the cookies and the cache of a test"
_STOP_SECONDS = 60


def addresses(port: int) -> dict[str, Any]:
    """Return what the site on this port registers."""
    module = f"http://localhost:{port}/in/redirect"
    return {
        "redirect_uris": (module,),
        "post_logout_redirect_uris": (f"http://localhost:{port}/",),
        "backchannel_logout_uri": f"{module}?logout=backchannel",
        "backchannel_logout_session_required": True,
    }


@contextmanager
def apache(folder: Path, port: int, issuer: str, client: dict[str, Any]) -> Iterator[str]:
    """Serve the site of ``client`` for the length of the block; below ``/in/`` one must be logged in. Yields its address."""
    need("apache2", "apache2")
    with _application() as behind:
        settings = dedent(f"""\
            ServerRoot "{folder}"
            DefaultRuntimeDir "{folder}"
            PidFile "{folder}/apache.pid"
            ServerName localhost:{port}
            Listen 127.0.0.1:{port}
            User www-data
            Group www-data
            ErrorLog "{folder}/error.log"
            LogLevel warn auth_openidc:info
            StartServers 1
            MinSpareThreads 1
            ThreadsPerChild 8
            MaxRequestWorkers 8
            OIDCProviderMetadataURL {issuer}/.well-known/openid-configuration
            OIDCClientID {client["client_id"]}
            OIDCClientSecret {client["client_secret"]}
            OIDCRedirectURI {client["redirect_uris"][0]}
            OIDCCryptoPassphrase "{_PASSPHRASE}"
            OIDCScope "openid profile phone offline_access"
            OIDCPKCEMethod S256
            OIDCIDTokenSignedResponseAlg ES256
            OIDCProviderTokenEndpointAuth client_secret_basic
            OIDCSessionType server-cache
            OIDCPassClaimsAs headers base64url
            OIDCRemoteUserClaim sub
            OIDCInfoHook access_token refresh_token userinfo id_token
            <Location /in/>
              AuthType openid-connect
              Require valid-user
            </Location>
            ProxyPass /in/redirect !
            ProxyPass / {behind}/
            """)
        loads = "".join(f"LoadModule {name}_module {_MODULES}/mod_{name}.so\n" for name in _LOADED)
        (folder / "apache.conf").write_text(loads + settings, encoding="utf-8")
        with (folder / "apache.log").open("ab") as log:
            command = [need("apache2", "apache2"), "-f", str(folder / "apache.conf"), "-D", "FOREGROUND"]
            process = subprocess.Popen(["setpriv", "--pdeathsig", "TERM", *command], stdout=log, stderr=log)
        try:
            wait_for(f"http://localhost:{port}/", process, folder / "apache.log")
            yield f"http://localhost:{port}"
        finally:
            process.terminate()
            process.wait(_STOP_SECONDS)


class _Telling(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        told = json.dumps(dict(self.headers)).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def _application() -> Iterator[str]:
    """An application that answers with the headers it was given."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), _Telling)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join(_STOP_SECONDS)
        server.server_close()
