"""What carries messages to people is what the configuration names, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from idp.connectors.smtp import SmtpMessenger
from idp.ports import Messenger
from idp.records import Channel
from kernel.errors import Misuse
from service.config import load_config
from service.messengers import make_messengers

NODE = """
[node]
code = "445100"
name = "潮州市"
url = "https://trust.example.cn"
province = "广东省"
city = "潮州市"
[listen]
port = 8100
[database]
url = "sqlite:///node.sqlite"
"""
MAIL = """
[mail]
host = "mail.example.cn"
port = 587
sender = "node@example.cn"
username = "node"
password_file = "mail-password"
ca_file = "ca.pem"
"""
SMS = """
[sms]
url = "https://sms.example.cn/send"
key_file = "sms-key"
"""


def messengers(folder: Path, text: str) -> dict[Channel, Messenger]:
    file = folder / "chaoxin.toml"
    file.write_text(NODE + text, encoding="utf-8")
    return make_messengers(load_config(file))


def test_a_node_offers_what_it_was_given(tmp_path: Path) -> None:
    assert messengers(tmp_path, "") == {}
    for name in ("mail-password", "sms-key"):
        (tmp_path / name).write_text("a secret\n")
    made = messengers(tmp_path, MAIL + SMS)
    mail = made["email"]
    assert isinstance(mail, SmtpMessenger)
    assert (mail.tls, mail.password, mail.ca_file) == ("starttls", "a secret", tmp_path / "ca.pem")
    assert "a secret" not in repr(made)


@pytest.mark.parametrize("url", ["http://sms.example.cn/send", "https://sms.example.cn", "https://x:y@sms.example.cn/send"])
def test_a_gateway_is_spoken_to_over_tls_at_a_whole_address(tmp_path: Path, url: str) -> None:
    (tmp_path / "sms-key").write_text("a secret\n")
    with pytest.raises(Misuse) as caught:
        messengers(tmp_path, SMS.replace("https://sms.example.cn/send", url))
    assert caught.value.field == "sms.url"


def test_a_secret_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Misuse) as caught:
        messengers(tmp_path, MAIL)
    assert caught.value.field == "mail.password_file"
