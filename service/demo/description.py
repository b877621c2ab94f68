"""What is told of the demo once it runs: ``demo.json`` for programs, a welcome for people.

Left to others: what it consists of (``plan``), building it (``federation``).
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from licenses import archive
from service.demo import plan
from service.demo.federation import Demo
from service.files import write_whole


def write_description(demo: Demo) -> None:
    """Write ``demo.json`` for programs that use the demo."""
    description = {
        "nodes": [
            {"code": node.code, "name": node.name, "level": demo.nodes[node.code].node.level, "url": demo.url(node.offset)}
            for node in plan.NODES
        ],
        "accounts": [_describe_account(demo, account) for account in plan.ACCOUNTS],
        "clients": [_describe_client(demo, client) for client in plan.CLIENTS],
        "kiosks": [{"node": plan.KIOSK.node, "client_id": plan.KIOSK.client_id, "url": _kiosk(demo)}],
        "licenses": list(_describe_licenses(demo)),
    }
    write_whole(demo.directory / "demo.json", json.dumps(description, ensure_ascii=False, indent=1).encode(), 0o600)


def _kiosk(demo: Demo) -> str:
    return f"{demo.nodes[plan.KIOSK.node].node.url}/kiosk/{plan.KIOSK.client_id}"


def _describe_account(demo: Demo, account: plan.PlannedAccount) -> dict[str, Any]:
    return {
        "node": account.node,
        "kind": account.kind,
        "username": account.username,
        "password": demo.secrets.passwords[account.username],
        "totp_secret": demo.secrets.totp.get(account.username),
    }


def _describe_client(demo: Demo, client: plan.PlannedClient) -> dict[str, Any]:
    home = demo.home(client)
    proof: dict[str, dict[str, Any]] = {
        "client_secret_basic": {"client_secret": demo.secrets.clients.get(client.client_id)},
        "private_key_jwt": {"jwk": demo.secrets.jwks.get(client.client_id)},
    }
    return {
        "node": client.node,
        "client_id": client.client_id,
        **proof.get(client.auth_method, {}),
        "redirect_uris": [f"{home}callback"],
        "post_logout_redirect_uris": [home],
        "token_endpoint_auth_method": client.auth_method,
        "scope": client.scope,
    }


def _describe_licenses(demo: Demo) -> Iterator[dict[str, str]]:
    # Paths in the description are relative to where the demo was started: the checkout.
    for code, services in demo.nodes.items():
        with services.licenses.work.read() as work:
            records = [record for _key, record in work.records.licenses(limit=100)]
        for record in records:
            file = services.config.licenses_directory / archive.file_name(record)
            yield {
                "node": code,
                "number": record.number,
                "identifier": record.identifier,
                "file": os.path.relpath(file, Path.cwd()),
            }


def welcome(demo: Demo, *, seconds: float) -> str:
    """Return what a newcomer reads."""
    width = shutil.get_terminal_size().columns
    lines = ["", "═" * min(width, 78), f"潮信演示已就绪（{seconds:.0f} 秒）。 The demo is ready.", ""]
    lines += [f"  {node.name:<6}\t{demo.url(node.offset)}" for node in plan.NODES]
    lines += [f"  {c.name}\t{demo.url(c.site)}/" for c in plan.CLIENTS if c.site is not None]
    lines += [f"  {plan.KIOSK.name} Kiosk\t{_kiosk(demo)}"]
    lines += [f"  发出的短信 Messages\t{demo.outside.url}/messages"]
    lines += ["", "可以登录的人 Who can log in:"]
    for account in plan.ACCOUNTS:
        code = demo.secrets.totp.get(account.username)
        factor = f"  TOTP {code}" if code else ""
        lines.append(
            f"  {account.node} {account.roles[0] if account.roles else account.kind:<15} {account.username:<16} {demo.secrets.passwords[account.username]}{factor}"
        )
    lines += ["", "  动态验证码：把 TOTP 后的密钥加进验证器，或运行 One-time codes: add the secret to an authenticator, or run"]
    lines += ["  .venv/bin/python -c 'import pyotp,sys; print(pyotp.TOTP(sys.argv[1]).now())' SECRET"]
    lines += ["", f"  成批申请的样例 A file of applications to hand in  {os.path.relpath(plan.DATA / 'batch.csv')}"]
    lines += [f"  {demo.directory / 'demo.json'}", "", "Ctrl-C 停止。 Ctrl-C stops everything.", "═" * min(width, 78)]
    return "\n".join(lines)
