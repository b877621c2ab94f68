"""The commands by which certificates come into being: ``request``, ``invite``, ``issue``, ``renew``, ``rekey``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import BinaryIO

import click

from kernel.errors import Text
from pki import authority, enrolment, renewal
from pki.names import x509_name
from pki.records import CertificateRecord, CertificateRequest
from pki.requests import MAX_REQUEST_BYTES, check_wish, judge, verify_request
from service.cli.cert.forms import OPERATOR, as_line, as_pem, as_person, describe, describe_request, parse_names
from service.cli.options import emit, json_option, pass_services
from service.cli.preview import Preview, go_ahead, yes_option
from service.wiring import Services

_file = click.argument("file", type=click.File("rb"))
_profile = click.option("--profile", required=True, help="A profile of certificates.toml.")


@click.command()
@_file
@_profile
@json_option
@pass_services
def request(services: Services, file: BinaryIO, profile: str, as_json: bool) -> None:
    """Say whether the request in FILE (PKCS#10, PEM or DER, - for standard input) would be granted, and as what. Exit 1 if not."""
    asked = judge(services.pki, verify_request(_read(file)), profile, "admin")
    emit(describe_request(asked), as_json, lambda: _as_text(asked))


@click.command()
@_file
@_profile
@yes_option
@json_option
@pass_services
def issue(services: Services, file: BinaryIO, profile: str, yes: bool, as_json: bool) -> None:
    """Issue what the request in FILE asks for and print the certificate in PEM."""
    asked = judge(services.pki, verify_request(_read(file)), profile, "admin")
    if _may(asked, Text("签发证书：", "Issue a certificate:"), [], yes=yes, as_json=as_json):
        _print(authority.issue_many(services.pki, [asked], actor=OPERATOR)[0], as_json=as_json)


@click.command()
@click.argument("serial")
@yes_option
@json_option
@pass_services
def renew(services: Services, serial: str, yes: bool, as_json: bool) -> None:
    """Issue the successor of the certificate SERIAL for the same key and names."""
    asked = renewal.plan_renewal(services.pki, serial)
    old = authority.get_certificate(services.pki, serial)
    if _may(asked, Text("续期（同一密钥）：", "Renew for the same key:"), [old], yes=yes, as_json=as_json):
        _print(renewal.renew(services.pki, serial, actor=OPERATOR), as_json=as_json)


@click.command()
@click.argument("serial")
@_file
@yes_option
@json_option
@pass_services
def rekey(services: Services, serial: str, file: BinaryIO, yes: bool, as_json: bool) -> None:
    """Issue the successor of the certificate SERIAL for the key in the request in FILE, which must have the same names."""
    content = _read(file)
    asked = renewal.plan_rekey(services.pki, serial, content)
    old = authority.get_certificate(services.pki, serial)
    if _may(asked, Text("换密钥：", "Re-key:"), [old], yes=yes, as_json=as_json):
        _print(renewal.rekey(services.pki, serial, content, actor=OPERATOR), as_json=as_json)


@click.command()
@_profile
@click.option("--subject", required=True, help="The name below the node's own, from the top: OU=…,CN=…")
@click.option("--dns", "dns_names", multiple=True, help="A DNS name; may be given more than once.")
@click.option("--email", "emails", multiple=True, help="A mailbox; may be given more than once.")
@click.option("--days", type=click.IntRange(1, 90), default=7, show_default=True, help="How long it may be used.")
@yes_option
@json_option
@pass_services
def invite(
    services: Services,
    *,
    profile: str,
    subject: str,
    dns_names: tuple[str, ...],
    emails: tuple[str, ...],
    days: int,
    yes: bool,
    as_json: bool,
) -> None:
    """Make an invitation to enrol once over EST, and print its name and secret: user name and password of HTTP basic authentication."""
    names = parse_names(subject, services.node.names)
    check_wish(services.pki, profile, "invitation", names, dns_names=dns_names, emails=emails)
    expires_at = services.clock.now() + timedelta(days=days)
    person = [dict(names).get("CN", "")] if profile in {"person", "staff"} else []
    action = Text(
        f"邀请 {subject} 申请一张 {profile} 证书。", f"Invite {subject} to enrol for one certificate of the profile {profile}."
    )
    if not go_ahead(Preview(action, people=person), yes=yes, overrides=(), as_json=as_json):
        return
    name, secret = enrolment.invite(
        services.pki, profile, names, dns_names=dns_names, emails=emails, expires_at=expires_at, actor=OPERATOR
    )
    url = f"{services.node.url}/.well-known/est"
    data = {"name": name, "secret": secret, "url": url, "days": days}
    emit(data, as_json, lambda: f"{url}\n用户名 user name  {name}\n口令 password    {secret}")


def _read(file: BinaryIO) -> bytes:
    return file.read(MAX_REQUEST_BYTES + 1)


def _may(asked: CertificateRequest, action: Text, old: Sequence[CertificateRecord], *, yes: bool, as_json: bool) -> bool:
    text = _as_text(asked)
    told = Text(f"{action.zh}{text}", f"{action.en} {text}")
    preview = Preview(told, people=as_person(asked), certificates=[as_line(record) for record in old])
    return go_ahead(preview, yes=yes, overrides=(), as_json=as_json)


def _as_text(asked: CertificateRequest) -> str:
    names = ", ".join((*asked.dns_names, *asked.emails))
    return f"{asked.profile} {x509_name(asked.subject).rfc4514_string()}{f' ({names})' if names else ''}"


def _print(record: CertificateRecord, *, as_json: bool) -> None:
    emit(describe(record) | {"pem": as_pem(record)}, as_json, lambda: as_pem(record))
