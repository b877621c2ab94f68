"""A new data key: everything is encrypted under it, stays readable throughout, and no column is forgotten."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pyotp
import sqlalchemy as sa

import crosscert.storage
import idp.storage
import licenses.storage
import pki.storage
from idp.people import accounts, one_time_codes
from kernel.clock import FixedClock
from licenses import archive
from licenses.applications import check_application
from licenses.issue import Issued, issue_many
from licenses.storage import acts, batches, consents, readings, registry, wallet
from pki.vault import Vault
from service import sealed
from tests.support.idp import OPERATOR, TOTP_SECRET, Provider, make_idp_deps
from tests.support.issuing import COUNTY, GOOD_ROW, make_license_deps, rules_of

DIGESTS = {
    "idp_accounts": {"holder_index", "number_index", "phone_index", "email_index"},
    "licenses_licenses": {"holder_name_index", "holder_id_index"},
    "licenses_shares": {"holder_index"},
    "licenses_consents": {"holder_index"},
    "idp_clients": {"registration_token"},
    "idp_codes": {"code_hash"},
    "idp_device_requests": {"device_code_hash", "user_code_index"},
    "idp_directory_people": {"digest"},
    "idp_invitations": {"token_hash"},
    "idp_kept_forms": {"browser_hash"},
    "idp_pushed_requests": {"uri_hash"},
    "idp_recoveries": {"browser_hash", "token_hash", "code_digest"},
    "idp_recovery_codes": {"digest"},
    "idp_refresh_tokens": {"token_hash"},
    "idp_secret_uses": {"secret_hash"},
    "idp_sent_codes": {"digest"},
    "idp_sessions": {"secret_hash"},
    "idp_transactions": {"browser_hash"},
    "idp_window_codes": {"digest"},
    "pki_invitations": {"secret_hash"},
}
FOR_HOURS = {
    "idp_device_requests": {"user_code"},
    "idp_kept_forms": {"content"},
    "idp_recoveries": {"tried_as"},
    "idp_sent_codes": {"destination"},
    "idp_sessions": {"device"},
}


def test_every_column_of_personal_data_is_rotated_hashed_or_lives_for_hours() -> None:
    rotated = {(one.column.table.name, one.column.name) for one in sealed.COLUMNS}
    explained = {(table, name) for kind in (DIGESTS, FOR_HOURS) for table, names in kind.items() for name in names}
    found = {
        (table.name, column.name)
        for room in (idp.storage, licenses.storage, pki.storage, crosscert.storage)
        for table in room.metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, sa.LargeBinary) and column.info["sensitivity"] in {"personal", "secret"}
    }
    assert found == rotated | explained
    assert not rotated & explained


def test_the_contexts_are_the_rooms_own() -> None:
    used = {one.name: one.context({"id": "x"}) for one in sealed.COLUMNS if one.column.table.name.startswith("licenses_")}  # type: ignore[arg-type]
    assert used == {
        "licenses_licenses.holder_name": registry._NAME,
        "licenses_licenses.holder_id": registry.HOLDER_ID,
        "licenses_licenses.fields": registry._FIELDS,
        "licenses_documents.pdf": archive.DOCUMENT_CONTEXT,
        "licenses_batch_chunks.content": batches._CONTEXT,
        "licenses_readings.reading": readings._CONTEXT,
        "licenses_acts.words": acts._WORDS,
        "licenses_copies.purpose": acts._COPY,
        "licenses_copies.pdf": archive.DOCUMENT_CONTEXT,
        "licenses_shares.words": wallet._SHARE,
        "licenses_looks.words": wallet._LOOK,
        "licenses_consents.words": consents._WORDS,
    }


def test_a_rotation_reaches_everything_and_can_be_stopped_and_continued(
    engine: sa.Engine, tmp_path: Path, clock: FixedClock
) -> None:
    office = make_license_deps(engine, tmp_path, clock, node=COUNTY)
    (issued,) = issue_many(office, [check_application(GOOD_ROW, rules_of(office))], actor=OPERATOR)
    assert isinstance(issued, Issued)
    provider = Provider(make_idp_deps(engine, office.pki.keys, clock))
    made = provider.add_account(resident_id="445102198806123626", totp_secret=TOTP_SECRET)
    provider.add_account("another")
    provider.browser().log_in("another")
    vault = Vault(office.pki.keys)
    assert not any(sealed.count_old(engine, vault).values())
    vault.rotate()
    before = sealed.count_old(engine, vault)
    assert {name for name, count in before.items() if count} >= {
        "idp_accounts.person",
        "idp_authenticators.secret",
        "idp_logins.device",
        "licenses_licenses.holder_name",
        "licenses_documents.pdf",
    }
    assert next(sealed.renew(engine, vault)) == 2, "stopped after the first page"
    assert sealed.count_old(engine, vault)["idp_accounts.person"] == 0
    assert sum(sealed.renew(engine, vault)) == sum(before.values()) - 2
    assert not any(sealed.count_old(engine, vault).values())
    assert accounts.get_by_username(provider.deps, made.username).resident_id == "445102198806123626"
    with provider.deps.work.read() as work:
        (totp,) = [one for one in work.records.authenticators(made.id) if one.kind == "totp"]
    clock.advance(timedelta(minutes=1))
    one_time_codes.accept(provider.deps, totp, pyotp.TOTP(TOTP_SECRET).at(clock.now()))
    assert archive.get_license(office, issued.record.number).holder_name == GOOD_ROW["holder_name"]
