"""A node starts with exactly what was written, or says in which file, on which line and at which key it does not."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from kernel.errors import Misuse
from policies.lines import line_of, locate
from policies.loader import DEFAULTS, DOCUMENTS, load
from policies.models import Policies


def refused(directory: Path) -> Misuse:
    with pytest.raises(Misuse) as caught:
        load(directory)
    return caught.value


def line_with(document: str, text: str) -> int:
    lines = (DEFAULTS / f"{document}.toml").read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


def test_the_packaged_documents_load_and_say_what_they_say(defaults: Policies) -> None:
    assert len(defaults.licenses.types) == 7
    assert defaults.licenses.issuing.node_areas == "own-and-below"
    assert defaults.certificates.cross_certificates.max_validity_days <= 3 * 366
    assert set(DOCUMENTS) == {file.stem for file in DEFAULTS.glob("*.toml")} == set(Policies.model_fields)


def test_a_nodes_own_document_replaces_the_packaged_one_whole_and_leaves_the_others(
    defaults: Policies, spoil: Callable[[str, str, str], Path]
) -> None:
    own = load(spoil("tokens", "id_token_seconds = 300", "id_token_seconds = 60"))
    assert own.tokens.id_token_seconds == 60
    assert own.tokens.model_copy(update={"id_token_seconds": 300}) == defaults.tokens
    assert own.certificates == defaults.certificates


def test_policies_cannot_be_changed_while_the_node_runs(defaults: Policies) -> None:
    with pytest.raises(ValueError, match="frozen"):
        defaults.tokens.id_token_seconds = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("document", "old", "new", "code", "key", "line_text"),
    [
        ("tokens", "id_token_seconds = 300", "id_token_secs = 300", "policy_unknown_key", "id_token_secs", "id_token_seconds"),
        (
            "licenses",
            'key = "KZ_JYXM"',
            'key = "KZ_JYXM"\nhidden = true',
            "policy_unknown_key",
            "types.1.fields.1.hidden",
            'key = "KZ_JYXM"',
        ),
        (
            "certificates",
            "[profiles.person]",
            "[profiles.person]\ncolour = 1",
            "policy_unknown_key",
            "profiles.person.colour",
            "[profiles.person]",
        ),
        (
            "tokens",
            'signing_algorithms = ["ES256", "RS256"]',
            "signing_algorithms = []",
            "policy_empty",
            "signing_algorithms",
            "signing_",
        ),
        ("assurance", 'combinations = [["pwd"]]', "combinations = [[]]", "policy_empty", "levels.0.combinations.0", '[["pwd"]]'),
        (
            "certificates",
            'extended_key_usage = ["document_signing"]',
            "extended_key_usage = []",
            "policy_empty",
            "profiles.department_seal.extended_key_usage",
            '["document_signing"]',
        ),
        (
            "tokens",
            "id_token_seconds = 300",
            'id_token_seconds = "300"',
            "policy_wrong_value",
            "id_token_seconds",
            "id_token_seconds",
        ),
        (
            "tokens",
            "id_token_seconds = 300",
            "id_token_seconds = 300.0",
            "policy_wrong_value",
            "id_token_seconds",
            "id_token_seconds",
        ),
        (
            "tokens",
            "id_token_seconds = 300",
            "id_token_seconds = true",
            "policy_wrong_value",
            "id_token_seconds",
            "id_token_seconds",
        ),
        (
            "tokens",
            "id_token_seconds = 300",
            "id_token_seconds = 0",
            "policy_wrong_value",
            "id_token_seconds",
            "id_token_seconds",
        ),
        (
            "tokens",
            "id_token_seconds = 300",
            "id_token_seconds = 2026-11-23",
            "policy_wrong_value",
            "id_token_seconds",
            "id_token_seconds",
        ),
        (
            "tokens",
            '["ES256", "RS256"]',
            '["ES256", "none"]',
            "policy_wrong_value",
            "signing_algorithms.1",
            "signing_algorithms",
        ),
        ("certificates", "approvers = 2", "approvers = 1", "policy_wrong_value", "cross_certificates.approvers", "approvers"),
        ("licenses", 'accent = "#2f6b3c"', 'accent = "green"', "policy_wrong_value", "types.1.accent", "#2f6b3c"),
    ],
)
def test_a_fault_is_named_with_file_line_and_key(
    spoil: Callable[[str, str, str], Path], document: str, old: str, new: str, code: str, key: str, line_text: str
) -> None:
    error = refused(spoil(document, old, new))
    line = line_with(document, line_text) + (1 if "\n" in new else 0)
    assert (error.code, error.field, error.details["line"]) == (code, key, line)
    assert error.details["file"].endswith(f"{document}.toml")
    for text in (error.text.zh, error.text.en):
        assert key in text
        assert str(line) in text
        assert error.details["file"] in text


def test_a_missing_key_is_named_with_the_line_of_its_table(spoil: Callable[[str, str, str], Path]) -> None:
    error = refused(spoil("certificates", 'kind = "end_entity"\nvalidity_days = 1095', "validity_days = 1095"))
    assert (error.code, error.field) == ("policy_missing_key", "profiles.department_seal.kind")
    assert error.details["line"] == line_with("certificates", "[profiles.department_seal]")


@pytest.mark.parametrize(
    ("old", "new", "line_text", "key"),
    [
        ("id_token_seconds = 300", "id_token_seconds = = 300", "id_token_seconds", "id_token_seconds"),
        ("id_token_seconds = 300", "id_token_seconds", "id_token_seconds", "id_token_seconds"),
        ("id_token_seconds = 300", "id_token_seconds = 1\nid_token_seconds = 2", "access_token_seconds", "id_token_seconds"),
    ],
)
def test_what_is_not_toml_is_named_with_its_line_and_key(
    spoil: Callable[[str, str, str], Path], old: str, new: str, line_text: str, key: str
) -> None:
    error = refused(spoil("tokens", old, new))
    assert (error.code, error.details["key"], error.details["line"]) == ("policy_syntax", key, line_with("tokens", line_text))


def test_a_document_that_ends_in_the_middle_is_named(tmp_path: Path) -> None:
    (tmp_path / "roles.toml").write_text('[roles.clerk]\nzh = "窗口办事员"\npermissions = [', encoding="utf-8")
    error = refused(tmp_path)
    assert (error.code, error.details["line"], error.details["key"]) == ("policy_syntax", 3, "permissions")


@pytest.mark.parametrize("document", sorted(DOCUMENTS))
def test_an_empty_document_is_refused(tmp_path: Path, document: str) -> None:
    (tmp_path / f"{document}.toml").write_text("", encoding="utf-8")
    error = refused(tmp_path)
    assert (error.code, error.details["line"]) == ("policy_missing_key", 1)


def test_a_missing_packaged_document_stops_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("policies.loader.DEFAULTS", tmp_path)
    with pytest.raises(Misuse, match=r"policy_missing: .*certificates\.toml"):
        load(None)


def test_bytes_that_are_no_utf8_are_refused(tmp_path: Path) -> None:
    (tmp_path / "roles.toml").write_bytes("[roles.x]\nzh = '审计员'".encode("gb18030"))
    assert refused(tmp_path).code == "policy_missing"


@pytest.mark.parametrize("name", ["role.toml", "Roles.toml"])
def test_a_folder_with_an_unknown_document_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("", encoding="utf-8")
    error = refused(tmp_path)
    assert error.code == "policy_folder"
    assert name in error.text.zh
    assert name in error.text.en


def test_a_folder_that_is_missing_or_empty_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path).code == "policy_folder"
    assert refused(tmp_path / "nowhere").code == "policy_folder"


@pytest.mark.parametrize(
    ("document", "old", "new", "key"),
    [
        ("certificates", "[profiles.tsa]", "[profiles.other_tsa]", "profiles"),
        ("certificates", 'key_usage = ["digital_signature"]', 'key_usage = ["key_cert_sign"]', "profiles.person.key_usage"),
        (
            "certificates",
            'key_usage = ["key_cert_sign", "crl_sign"]',
            'key_usage = ["crl_sign"]',
            "profiles.principal_ca.key_usage",
        ),
        ("certificates", 'level = "substantial"', 'level = "supreme"', "profiles.department_seal.level"),
        ("certificates", 'level = "substantial"', 'level = "all"', "profiles.department_seal.level"),
        (
            "certificates",
            'level = "substantial"',
            'level = "substantial"\npath_length = 0',
            "profiles.department_seal.path_length",
        ),
        (
            "certificates",
            '[profiles.token_signer]\nkind = "end_entity"\nvalidity_days = 365\nkey_algorithm = "P-256"',
            '[profiles.token_signer]\nkind = "end_entity"\nvalidity_days = 365\nkey_algorithm = "P-384"',
            "profiles.token_signer.key_algorithm",
        ),
        (
            "certificates",
            'validity_days = 3285\nkey_algorithm = "P-256"',
            'validity_days = 3285\nkey_algorithm = "Ed25519"',
            "profiles.tsa.key_algorithm",
        ),
        (
            "certificates",
            'key_usage = ["digital_signature", "content_commitment"]',
            'key_usage = ["digital_signature", "key_encipherment"]',
            "profiles.department_seal.key_usage",
        ),
        ("certificates", "renewal_days = 365", "renewal_days = 7300", "profiles.principal_ca.renewal_days"),
        (
            "certificates",
            'subject_attributes = ["O", "OU", "CN"]',
            'subject_attributes = ["O", "OU"]',
            "profiles.department_seal.subject_attributes",
        ),
        ("certificates", '["P-384", "RSA-3072"]', '["P-384", "P-256"]', "profiles.person.also_accepted.1"),
        ("certificates", 'alternative_names = ["dns"]', 'alternative_names = ["email"]', "profiles.tls_server.alternative_names"),
        ("assurance", 'methods = ["counter", "certificate"]', 'methods = ["certificate"]', "real_name_levels.3.methods"),
        (
            "assurance",
            '["mfa", "hwk"], ["mfa", "swk"], ["mfa", "sc"], ["pwd", "sms"]',
            '["mfa", "swk"], ["pwd", "sms"]',
            "levels.1.combinations",
        ),
        ("certificates", "[180, 90, 30, 7]", "[180, 30, 90, 7]", "alarms.days_before_end"),
        ("certificates", "number = 3", "number = 2", "levels.substantial.number"),
        (
            "certificates",
            '[profiles.ocsp]\nkind = "end_entity"\nvalidity_days = 90',
            '[profiles.ocsp]\nkind = "end_entity"\nvalidity_days = 121',
            "profiles.ocsp.validity_days",
        ),
        ("certificates", "policy_number = 20", "policy_number = 3", "time_stamps.policy_number"),
        ("certificates", "\ncrl_valid_seconds = 86400", "\ncrl_valid_seconds = 14400", "revocation.crl_valid_seconds"),
        ("certificates", "ca_crl_valid_seconds = 604800", "ca_crl_valid_seconds = 60", "revocation.ca_crl_valid_seconds"),
        ("assurance", "urn:chaoxin:aal:2", "urn:chaoxin:aal:1", "levels.1.acr"),
        ("assurance", "rank = 2", "rank = 1", "levels.1.rank"),
        ("assurance", "idle_seconds = 7200", "idle_seconds = 72000", "levels.0.idle_seconds"),
        ("assurance", "number = 5", "number = 4", "real_name_levels.3.number"),
        ("assurance", '["clerk", "department_admin"]', '["clerk", "security_admin"]', "directories.roles.1"),
        ("assurance", '["clerk", "department_admin"]', '["clerk", "root"]', "directories.roles.1"),
        ("roles", '"accounts.prove"', '"accounts.disable"', "directories.roles.0"),
        ("assurance", "hall_failures = 1000", 'hall_failures = 1000\nhalls = ["10.1.0.1/16"]', "throttle.halls.0"),
        ("assurance", "hall_failures = 1000", 'hall_failures = 1000\nhalls = ["10.1.0.0/16", "10.0.0.0/8"]', "throttle.halls.1"),
        ("assurance", "hall_failures = 1000", 'hall_failures = 1000\nhalls = ["2001:db8::/32"]', "throttle.halls.0"),
        ("assurance", "min_length_alone = 15", "min_length_alone = 300", "password.min_length_alone"),
        ("assurance", 'level = "substantial"', 'level = "sworn"', "certificates.0.level"),
        ("assurance", 'amr = ["mfa", "sc"]', 'amr = ["sc"]', "certificates.0.amr"),
        ("tokens", '["ES256", "RS256"]', '["ES256", "ES256"]', "signing_algorithms.1"),
        ("tokens", 'level = "basic"', 'level = "low"', "client_certificate_level"),
        ("claims", "[scopes.openid]", "[scopes.open]", "scopes"),
        (
            "claims",
            '"licenses.fetch"]\nclaims = ["sub", "name", "p',
            '"licences.fetch"]\nclaims = ["sub", "name", "p',
            "default.scopes.11",
        ),
        (
            "claims",
            '"real_name_level", "resident_id"]',
            '"email", "resident_id"]',
            "departments.114451006B39GGDTXW.claims.5",
        ),
        (
            "claims",
            '"real_name_level", "resident_id"]',
            '"real_name_level", "resident_id"]\nresources = { "114451008W15P11PMR" = ["profile", "phone"] }',
            "departments.114451006B39GGDTXW.resources.114451008W15P11PMR.1",
        ),
        (
            "claims",
            'verified = ["name", "resident_id", "uscc"]',
            'verified = ["email"]',
            "departments.114451008W15P11PMR.verified.0",
        ),
        ("claims", 'optional = ["phone", "org', 'optional = ["openid", "org', "departments.114451008W15P11PMR.optional.0"),
        ("claims", 'optional = ["email", "phone", ', 'optional = ["email", "identity", ', "default.optional.1"),
        (
            "claims",
            'optional = ["offline_access"]\n',
            'optional = ["offline_access"]\nconsent = { email = "once" }\n',
            "departments.114451006B39GGDTXW.consent.email",
        ),
        (
            "claims",
            'optional = ["offline_access"]\n',
            'optional = ["offline_access"]\nconsent = { offline_access = "never" }\n',
            "departments.114451006B39GGDTXW.consent.offline_access",
        ),
        (
            "claims",
            'consent = "once"\nzh = "在您离线',
            'consent = "never"\nzh = "在您离线',
            "scopes.offline_access.consent",
        ),
        ("assurance", 'default_acr = "urn:chaoxin:aal:1"', 'default_acr = "urn:chaoxin:aal:3"', "default_acr"),
        ("assurance", 'login = ["phone"]', 'login = ["email"]', "sent_codes.login.0"),
        ("assurance", 'methods = ["register"]', 'methods = ["hearsay"]', "real_name_levels.1.methods.0"),
        ("assurance", 'check_methods = ["data"]\n', "", "proofing.register"),
        ("licenses", "MB2D0339XY002", "MB2D0339XY001", "types.1.code"),
        ("licenses", 'types = ["11440000MB2D0339XY001"]', 'types = ["11440000MB2D0339XY000"]', "legal_bases.0.types.0"),
        ("licenses", 'seal_level = "substantial"', 'seal_level = "supreme"', "types.0.seal_level"),
        ("licenses", 'key = "KZ_ZCZB"', 'key = "KZ_FDDBR"', "types.0.fields.1"),
        ("licenses", 'kind = "person"', 'kind = "choice"', "types.0.fields.0.choices"),
        ("roles", "[roles.security_admin]", "[roles.other]", "roles"),
        ("clients", 'stage = "test"', 'stage = "production"', "registration.without_pkce"),
    ],
)
def test_documents_that_contradict_themselves_are_refused(
    spoil: Callable[[str, str, str], Path], document: str, old: str, new: str, key: str
) -> None:
    error = refused(spoil(document, old, new))
    assert (error.code, error.field) == ("policy_contradiction", key)
    assert error.details["line"] > 1 or document == "tokens"
    assert error.details["problem_zh"] in error.text.zh
    assert error.details["problem_en"] in error.text.en


def test_a_contradiction_of_two_documents_is_named_in_the_one_that_was_replaced(spoil: Callable[[str, str, str], Path]) -> None:
    error = refused(spoil("licenses", 'seal_level = "substantial"', 'seal_level = "supreme"'))
    assert error.details["line"] == line_with("licenses", 'seal_level = "substantial"')


TOML = '''# a comment

a.b = 1
"quoted key" = """
[not a header]
"""
list = [
  1,
  { c = 2 },
]

[table.inner]
x = 1

[[rows]]
x = 1
[[rows.cells]]
y = 1
[[rows.cells]]
y = 2
[[rows]]
x = 2
[rows.more]
z = "]"
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("a", "b"), 3),
        (("a",), 3),
        (("quoted key",), 4),
        (("list",), 7),
        (("list", 1, "c"), 7),
        (("table", "inner"), 12),
        (("table", "inner", "x"), 13),
        (("table", "inner", "missing", "deeper"), 12),
        (("rows", 0, "x"), 16),
        (("rows", 0, "cells", 0, "y"), 18),
        (("rows", 0, "cells", 1), 19),
        (("rows", 0, "cells", 1, "y"), 20),
        (("rows", 1), 21),
        (("rows", 1, "x"), 22),
        (("rows", 1, "more", "z"), 24),
        (("nothing",), 1),
    ],
)
def test_keys_are_found_on_the_lines_where_they_stand(path: tuple[str | int, ...], line: int) -> None:
    assert line_of(locate(TOML), path) == line


def test_every_key_of_every_packaged_document_is_found_on_a_line_that_writes_it() -> None:
    for file in DEFAULTS.glob("*.toml"):
        text = file.read_text(encoding="utf-8")
        lines = text.splitlines()
        found = locate(text)
        for path, line in found.items():
            named = [part for part in path if isinstance(part, str)][-1]
            assert named in lines[line - 1], (file.name, path)
        assert {path[0] for path in found} == set(tomllib.loads(text))
