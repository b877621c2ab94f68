"""A citizen sees their licence, shows it for a purpose and a time, sees who looked, takes it back; nobody else can do any of it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from idp.browsers import sessions
from idp.browsers.sessions import Device
from idp.people import accounts
from kernel.errors import Refusal
from kernel.limiter import SlidingWindow
from licenses import checkpoint, documents, issue, status
from licenses.archive import get_document
from licenses.codes import code_of
from licenses.fetching import fetch
from licenses.life import reading
from licenses.number_check import check_number
from licenses.registry_records import LicenseRecord
from licenses.transparency import receipts
from licenses.verification import verify
from licenses.wallet import sharing
from licenses.wallet.sharing import Choice
from service.app import create_app
from service.metrics import Metrics
from service.wiring import Services
from tests.support import issuing
from tests.support.wallet import CARD, HOLDER, Person, link_of, person

FORM = {"purpose": "租房时给房东核对", "seconds": "86400", "once": "1", "shown_CZZT": "1", "shown_CZZTDM_MASKED": "1"}
LANDLORD = {"viewer": "房东 林𠮷"}
OTHER_CARD = {
    **CARD,
    "type_name": "残疾人证",
    "type_code": "114400000069405550001",
    "number": "445100201700000031",
    "issuer_name": "潮州市残疾人联合会",
    "issuer_id": "114451007T7HFW33ND",
    "extra": "残疾类别=言语;残疾等级=三级",
}


@pytest.fixture
def stranger(services: Services, app: Flask) -> Person:
    return person(services, app.test_client(), None)


@pytest.fixture
def page(card: LicenseRecord) -> str:
    return f"/account/licenses/{card.identifier}"


def refused(answer: TestResponse, status: int, words: str) -> None:
    assert answer.status_code == status, answer.text
    assert words in answer.text


def test_home_leads_to_the_licence_which_says_what_it_is_and_how_it_stands(holder: Person, page: str) -> None:
    assert f'{page}"' in holder.get("/").text
    shown = holder.get(page)
    assert shown.status_code == 200
    for words in ("社会保障卡", "陈𠮷潮", HOLDER, "潮州市人力资源和社会保障局", "状态核对于", "有效"):
        assert words in shown.text
    assert holder.get(page.replace("/account", "") + ".pdf").data.startswith(b"%PDF-")


def test_the_holder_alone_takes_the_receipt_that_the_log_has_it(
    holder: Person, stranger: Person, page: str, services: Services
) -> None:
    deps = services.licenses
    assert f'{page}/receipt"' in holder.get(page).text
    proven = receipts.verify_receipt(holder.get(f"{page}/receipt").text, checkpoint.own_keys(deps).log)
    assert proven.leaf.event == "issued"
    assert not stranger.get(f"{page}/receipt").text.startswith(receipts.FIRST_LINE)


def test_a_kiosk_shows_a_licence_and_hands_out_no_file_of_it(
    holder: Person, page: str, services: Services, app: Flask, card: LicenseRecord
) -> None:
    deps, session = services.idp, services.node.cookie("session")
    with deps.work.begin() as work:
        whose = accounts.get_by_username(deps, "holder").id
        own = sessions.start(work, deps, whose, ("pwd",), Device("192.0.2.7"))
        lent = sessions.lend(work, deps, own.session, "lent", Device("192.0.2.9"))
    assert lent is not None
    kiosk, entered = app.test_client(), app.test_client()
    kiosk.set_cookie(session, lent.cookie, domain="localhost")
    assert HOLDER in kiosk.get(page).text
    entered.set_cookie(session, own.cookie, domain="localhost")  # somebody who logged in by themselves where a kiosk was begun
    entered.set_cookie(services.node.cookie("kiosk"), "hall-1.x", domain="localhost")
    for file in (f"/licenses/{card.identifier}.pdf", f"{page}/receipt"):
        for browser in (kiosk, entered):
            refused(browser.get(f"{file}?lang=zh"), 403, "自助终端上不能下载您的文件")
            refused(browser.get(f"{file}?lang=en"), 403, "Log in on your own phone or computer")
        assert holder.get(file).status_code == 200


def test_what_was_chosen_is_seen_once_and_the_holder_sees_who_looked(holder: Person, stranger: Person, page: str) -> None:
    made = holder.post(f"{page}/shares", FORM)
    assert made.status_code == 200, made.text
    assert re.search(r'<img src="data:image/svg\+xml', made.text)
    token = link_of(made)
    opened = stranger.post("/share", {"link": token, **LANDLORD})
    assert opened.status_code == 200, opened.text
    assert 'data-indication="TOTAL_PASSED"' in opened.text
    assert "陈𠮷潮" in opened.text
    assert "445*************26" in opened.text
    for hidden in (HOLDER, "445100202190000001"):
        assert hidden not in opened.text
    refused(stranger.post("/share", {"link": token, **LANDLORD}), 404, "这个链接打不开")
    seen = holder.get(page).text
    assert "房东 林𠮷（自称）打开了您的出示" in seen
    assert "已用过" in seen
    assert token not in seen


def test_a_share_that_is_taken_back_does_not_open(holder: Person, another: Person, stranger: Person, page: str) -> None:
    made = holder.post(f"{page}/shares", {**FORM, "purpose": "要撤回的", "once": ""})
    token = link_of(made)
    share = re.findall(r'name="share" value="([^"]+)"', holder.get(page).text)[0]
    for person_, status_code, words in ((another, 404, "没有找到可以撤回的出示"), (stranger, 303, "login")):
        refused(person_.post("/account/licenses/shares/revoke", {"share": share}), status_code, words)
    assert stranger.post("/share", {"link": token, **LANDLORD}).status_code == 200
    assert holder.post("/account/licenses/shares/revoke", {"share": share}).headers["Location"] == page
    refused(stranger.post("/share", {"link": token, **LANDLORD}), 404, "这个链接打不开")
    refused(holder.post("/account/licenses/shares/revoke", {"share": share}), 404, "没有找到可以撤回的出示")
    assert "已撤回" in holder.get(page).text


def test_at_a_counter_one_press_shows_a_code_for_a_few_minutes(holder: Person, stranger: Person, page: str) -> None:
    made = holder.post(f"{page}/counter")
    opened = stranger.post("/share", {"link": link_of(made), "viewer": "窗口3号"})
    assert "445100202190000001" in opened.text
    assert HOLDER not in opened.text.replace(f"{HOLDER}</dd>", "", 1)  # the card's own number is one of its lines
    assert "当面出示" in holder.get(page).text


def test_somebody_elses_licence_is_as_if_there_were_none(another: Person, stranger: Person, page: str) -> None:
    unknown = page[:-1] + ("0" if page[-1] != "0" else "1")
    for path in (page, unknown):
        refused(another.get(path), 404, "license_not_found")
        refused(another.post(f"{path}/shares", FORM), 404, "license_not_found")
        refused(another.post(f"{path}/counter"), 404, "license_not_found")
        assert stranger.get(path).headers["Location"] == "/login"
        assert stranger.post(f"{path}/shares", FORM).headers["Location"] == "/login"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"purpose": ""}, "share_text"),
        ({"purpose": "字" * 61}, "share_text"),
        ({"purpose": "租\u202e房"}, "share_text"),
        ({"seconds": "99"}, "share_choice"),
        ({"seconds": "九"}, "share_choice"),
        ({"shown_KZ_MM": "1"}, "share_choice"),
        ({"shown_CZZT": None, "shown_CZZTDM_MASKED": None}, "share_choice"),
    ],
)
def test_what_was_not_offered_is_refused(holder: Person, page: str, changes: dict[str, str | None], code: str) -> None:
    form = {name: value for name, value in {**FORM, **changes}.items() if value is not None}
    refused(holder.post(f"{page}/shares", form), 422, code)


def test_links_are_tried_so_often_from_one_address_and_no_more(services: Services) -> None:
    guesser = person(services, create_app(services, Metrics()).test_client(), None)
    answers = [guesser.post("/share", {"link": f"guess-{number}", **LANDLORD}) for number in range(21)]
    assert [each.status_code for each in answers] == [404] * 20 + [429]
    assert int(answers[-1].headers["Retry-After"]) > 0


def test_verifications_and_the_issuers_own_looks_are_told_as_well(
    services: Services, holder: Person, card: LicenseRecord, page: str
) -> None:
    verify(services.licenses, get_document(services.licenses, card), actor="public:api")
    assert "有人用证照文件做了验证" in holder.get(page).text
    assert "有人用二维码或编号做了核验" not in holder.get(page).text
    code = code_of(services.licenses.vault, card.identifier)
    check_number(services.licenses, card.number, code, actor="public:page", address="192.0.2.1", limiter=SlidingWindow(9))
    assert "有人用二维码或编号做了核验" in holder.get(page).text


def test_a_licence_that_is_not_valid_is_not_shown_any_more(
    services: Services, holder: Person, stranger: Person, page: str, card: LicenseRecord
) -> None:
    before = link_of(holder.post(f"{page}/shares", {**FORM, "once": ""}))
    status.change(services.licenses, card.identifier, "02", reason="investigation", actor="operator:test")
    assert "暂扣" in holder.get(page).text
    refused(holder.post(f"{page}/shares", FORM), 409, "share_not_valid")
    opened = stranger.post("/share", {"link": before, **LANDLORD})
    assert "文件是真的，证照已经暂扣" in opened.text
    status.change(services.licenses, card.identifier, "01", reason="cleared", actor="operator:test")


def test_a_licence_whose_type_is_in_no_catalogue_any_more_is_shown_with_what_was_sealed_and_is_genuine(
    services: Services, holder: Person, stranger: Person, page: str, card: LicenseRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    deps = services.licenses
    other = issue.issue(deps, issuing.application(deps, **OTHER_CARD), actor="operator:test").record
    kinds = services.policies.licenses.types
    left = tuple(kind for kind in kinds if kind.code != other.type_code)
    monkeypatch.setattr(services.policies.licenses, "__dict__", {**services.policies.licenses.__dict__, "types": left})
    own, name = f"/account/licenses/{other.identifier}", "残疾人证（类型已不在目录）"
    for list_ in ("/", "/account/licenses", "/account/licenses/elsewhere"):
        shown = holder.get(list_)
        assert shown.status_code == 200
        for words in (name, other.number, other.issuer_name, f'{own}"', f'{page}"', "社会保障卡", card.number):
            assert words in shown.text
    shown = holder.get(own)
    for words in (name, "陈𠮷潮", HOLDER, other.number, "2021", "有效", "言语", "这类证照已不在本节点的目录里"):
        assert words in shown.text
    assert "已不在本节点的目录里" not in holder.get(page).text
    assert holder.get(f"/licenses/{other.identifier}.pdf").data.startswith(b"%PDF-")
    opened = stranger.post("/share", {"link": link_of(holder.post(f"{own}/counter")), **LANDLORD})
    for words in ('data-indication="TOTAL_PASSED"', name, "言语"):
        assert words in opened.text
    assert fetch.as_json(deps, other)["certificateName"] == "残疾人证"
    assert reading.as_json(deps, other)["data"] == json.loads(documents.parse(get_document(deps, other)).attachment or b"")


def test_a_holder_has_so_many_open_shares_and_no_more(services: Services, card: LicenseRecord) -> None:
    def make() -> object:
        choice = Choice("很多", 600, ("CZZT",), once=True)
        return sharing.share(services.licenses, card.identifier, HOLDER, choice, actor="account:x")

    with pytest.raises(Refusal, match="shares_too_many"):
        _until_refused(make, services.policies.licenses.wallet.open_shares + 1)


def _until_refused(act: Callable[[], object], most: int) -> None:
    for _ in range(most):
        act()
