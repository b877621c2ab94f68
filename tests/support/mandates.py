"""A company, a register that knows who represents it, and mandates that it gives."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from idp.enterprises import mandates
from idp.people import accounts
from idp.ports import IdpDeps
from idp.records import Account, Mandate
from idp.registers.csv_files import LEGAL_PERSONS, CsvLegalPersonRegister
from tests.support.idp import MARKET, OPERATOR, add_account

USCC = "91445100MA4WR7QA0W"
_DESK = "/account/organizations/<organization_id>"
ORGANIZATION_PAGES = ("/account/organizations", _DESK)
ORGANIZATION_FORMS = {
    "/account/organizations": ("uscc",),
    "/account/mandates/accept": ("offer",),
    "/account/mandates/refuse": ("offer",),
    "/account/mandates/resign": ("mandate",),
    f"{_DESK}/mandates": ("name", "resident_id", "until"),
    f"{_DESK}/mandates/revoke": ("mandate",),
    f"{_DESK}/offers/withdraw": ("offer",),
    f"{_DESK}/own-login/close": (),
}
"""The pages and forms about organisations, and what each form asks for."""


def add_company(deps: IdpDeps, username: str = "chaolian", **changes: Any) -> Account:
    """Create an organisation's account."""
    values: dict[str, Any] = {"kind": "enterprise", "name": "潮联科技", "uscc": USCC, "phone": None, **changes}
    return add_account(deps, username, **values)


def give_mandate(deps: IdpDeps, organization: str = "chaolian", agent: str = "chenxiaochao", **changes: Any) -> Mandate:
    """Let an account act for an organisation's towards the market's department for thirty days."""
    parties = accounts.get_by_username(deps, organization), accounts.get_by_username(deps, agent)
    now = deps.clock.now()
    values: dict[str, Any] = {
        "departments": (MARKET,),
        "powers": ("profile", "identity"),
        "valid_from": now,
        "valid_until": now + timedelta(days=30),
        **changes,
    }
    mandate = mandates.prepare(deps, *parties, **values)
    mandates.give(deps, mandate, actor=OPERATOR)
    return mandate


@dataclass
class LegalPersons:
    """The register of legal persons in a file, as a small place has it."""

    file: Path

    def write(self, *rows: tuple[str, str, str, str, str]) -> None:
        """Say anew who represents whom: code, name, representative's name and number, status."""
        self.file.write_text("\n".join(",".join(row) for row in (LEGAL_PERSONS, *rows)) + "\n", encoding="utf-8")

    @property
    def register(self) -> CsvLegalPersonRegister:
        return CsvLegalPersonRegister(self.file)
