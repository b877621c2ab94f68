"""nginx in front of a node: it speaks TLS, asks for a certificate without judging it, and hands on what was shown (RFC 9440)."""

from __future__ import annotations

from pathlib import Path

from tests.support.programs import need

_CONFIGURATION = """
pid {folder}/nginx.pid;
error_log stderr;
daemon off;
worker_processes 1;
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {folder}/{certificate};
    ssl_certificate_key {folder}/{key};
    ssl_verify_client optional_no_ca;
    location / {{
      proxy_pass {node};
      proxy_set_header Client-Cert $ssl_client_escaped_cert;
{more}
    }}
  }}
}}
"""


def command(folder: Path, port: int, *, node: str, certificate: str, key: str, more: tuple[str, ...] = ()) -> list[str]:
    """Write a configuration into ``folder``, where ``certificate`` and ``key`` are, and return what starts nginx with it."""
    file = folder / "nginx.conf"
    directives = "\n".join(f"      {directive};" for directive in more)
    file.write_text(_CONFIGURATION.format(folder=folder, port=port, node=node, certificate=certificate, key=key, more=directives))
    return [need("nginx", "nginx-light"), "-c", str(file), "-p", str(folder)]
