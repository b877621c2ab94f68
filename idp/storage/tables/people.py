"""The tables of accounts, authenticators and tries."""

from __future__ import annotations

import sqlalchemy as sa

from idp.storage.tables.columns import (
    INTERNAL,
    KEY_ALONE,
    PERSONAL,
    SECRET,
    json_column,
    metadata,
    moment_column,
    octets_column,
    text_column,
)

accounts = sa.Table(
    "idp_accounts",
    metadata,
    text_column("id", 60, key=True),
    text_column("username", 100),
    text_column("kind", 20),
    octets_column("person", PERSONAL),
    octets_column("holder_index", PERSONAL, optional=True),
    octets_column("number_index", PERSONAL, optional=True),
    octets_column("phone_index", PERSONAL, optional=True),
    octets_column("email_index", PERSONAL, optional=True),
    sa.Column("real_name_level", sa.Integer, nullable=False, info=INTERNAL),
    text_column("organization", 200, optional=True),
    text_column("department", 200, optional=True),
    json_column("roles"),
    moment_column("created_at"),
    moment_column("updated_at"),
    moment_column("disabled_at", optional=True),
    sa.UniqueConstraint("username", name="idp_accounts_username"),
    sa.UniqueConstraint("holder_index", name="idp_accounts_holder"),
    sa.Index("idp_accounts_number", "number_index"),
    sa.Index("idp_accounts_kind", "kind", "username"),
    sa.Index("idp_accounts_organization", "organization"),
    sa.Index("idp_accounts_phone", "phone_index"),
    sa.Index("idp_accounts_email", "email_index"),
)

authenticators = sa.Table(
    "idp_authenticators",
    metadata,
    text_column("id", 60, key=True),
    text_column("account_id", 60),
    text_column("kind", 20),
    text_column("name", 100),
    octets_column("secret", SECRET),
    sa.Column("counter", sa.BigInteger, nullable=False, info=INTERNAL),
    moment_column("created_at"),
    moment_column("last_used_at", optional=True),
    sa.Column("alone", sa.Boolean, nullable=False, info=INTERNAL),
    octets_column("lookup", INTERNAL, optional=True),
    sa.UniqueConstraint("account_id", "kind", "name", name="idp_authenticators_name"),
    sa.Index("idp_authenticators_lookup", "lookup", unique=True),
)

verifications = sa.Table(
    "idp_verifications",
    metadata,
    text_column("id", 60, key=True),
    text_column("account_id", 60),
    sa.Column("level", sa.Integer, nullable=False, info=INTERNAL),
    text_column("method", 100),
    json_column("claims"),
    moment_column("verified_at"),
    text_column("actor", 200),
    text_column("document", 40, optional=True),
    sa.Index("idp_verifications_account", "account_id"),
)

window_codes = sa.Table(
    "idp_window_codes",
    metadata,
    text_column("account_id", 60, key=True),
    octets_column("digest", SECRET),
    moment_column("expires_at", index=True),
    sa.Index("idp_window_codes_digest", "digest", unique=True),
)

tries = sa.Table(
    "idp_tries",
    metadata,
    text_column("what", 20, key=True),
    octets_column("digest", INTERNAL, key=True),
    moment_column("since"),
    sa.Column("count", sa.Integer, nullable=False, info=INTERNAL),
    **KEY_ALONE,
)
