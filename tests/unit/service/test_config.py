"""The configuration file: strict, and every fault is told by file and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from kernel.errors import Misuse
from policies.loader import load
from service.config import Config, load_config
from service.directories import make_directory

GOOD = """
[node]
code = "445122"
name = "饶平县"
url = "https://rp.example.cn/"
province = "广东省"
city = "潮州市"
county = "饶平县"

[listen]
port = 8102

[database]
url = "sqlite:///node.sqlite"
"""

STAFF = """
[[directories]]
name = "scjg"
organization = "潮州市市场监督管理局"
department = "114451008W15P11PMR"
urls = ["ldaps://a.example.cn", "ldap://b.example.cn:389"]
base_dn = "ou=people,o=scjg"
bind_dn = "cn=reader,o=scjg"
password_file = "scjg.password"
ca_file = "scjg-ca.pem"
kind = "openldap"
"""


def write(folder: Path, text: str) -> Config:
    file = folder / "chaoxin.toml"
    file.write_text(text, encoding="utf-8")
    return load_config(file)


def test_a_county_is_named_below_its_city(tmp_path: Path) -> None:
    config = write(tmp_path, GOOD)
    assert config.node.names == (("C", "CN"), ("ST", "广东省"), ("L", "潮州市"), ("O", "饶平县"))
    assert config.node.level == "county"
    assert config.node.url == "https://rp.example.cn"
    assert config.database_url == f"sqlite:///{tmp_path / 'node.sqlite'}"


def test_a_city_does_not_take_a_county_into_its_name(tmp_path: Path) -> None:
    assert write(tmp_path, GOOD.replace("445122", "445100")).node.names == (("C", "CN"), ("ST", "广东省"), ("L", "潮州市"))


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("445122", "44512", "node.code"),
        ("https://rp.example.cn/", "http://rp.example.cn/", "node.url"),
        ("https://rp.example.cn/", "ftp://rp.example.cn/", "node.url"),
        ('county = "饶平县"', "", "node.county"),
        ("port = 8102", "port = 0", "listen.port"),
        ("port = 8102", 'port = "8102"', "listen.port"),
        ("[listen]", "[listen]\nhots = 1", "listen.hots"),
        ("[listen]", '[listen]\ntrusted_proxies = ["proxy.example"]', "listen.trusted_proxies"),
        ("[database]", '[mail]\nhost = "mail.example.cn"\nport = 25\nsender = "a@b"\ntls = "none"\n[database]', "mail"),
        ("[database]", '[mail]\nhost = "localhost"\nport = 25\nsender = "a@b"\nusername = "x"\n[database]', "mail"),
        ("[listen]", '[listen]\nmutual_tls_url = "https://m.example.cn"', "listen.mutual_tls_url"),
        ("[listen]", '[listen]\nclient_certificates = true\nmutual_tls_url = "https://m.example.cn/"', "listen.mutual_tls_url"),
        ("[listen]", '[listen]\nclient_certificates = true\nmutual_tls_url = "http://m.example.cn"', "listen.mutual_tls_url"),
        ("[database]", STAFF.replace("ldaps://", "ldapi://") + "[database]", "directories.0.urls.0"),
        ("[database]", STAFF.replace('"scjg"', '"SCJG@"') + "[database]", "directories.0.name"),
        ("[database]", STAFF.replace("openldap", "novell") + "[database]", "directories.0.kind"),
        ("[database]", STAFF.replace("114451008W15P11PMR", "scjg") + "[database]", "directories.0.department"),
        ("[database]", STAFF + 'user_filter = "uid=*"\n[database]', "directories.0.user_filter"),
        ("[database]", STAFF + 'lock_attribute = "employeeType"\n[database]', "directories.0"),
        ("[database]", STAFF + "tls = false\n[database]", "directories.0.tls"),
        ("[database]", STAFF + STAFF + "[database]", ""),
        ("[database]", "[database]\nurl2 = 2026-11-23", "database.url2"),
        ("[database]", '[keys]\nkind = "pkcs11"\nmodule = "a.so"\n[database]', "keys"),
        ("[database]", '[keys]\nmodule = "a.so"\ntoken = "t"\n[database]', "keys"),
    ],
)
def test_a_fault_names_its_key(tmp_path: Path, old: str, new: str, key: str) -> None:
    with pytest.raises(Misuse) as caught:
        write(tmp_path, GOOD.replace(old, new))
    assert (caught.value.code, caught.value.field) == ("config_invalid", key)
    assert "chaoxin.toml" in caught.value.text.en


def test_a_missing_file_and_broken_toml_are_told(tmp_path: Path) -> None:
    with pytest.raises(Misuse) as missing:
        load_config(tmp_path / "none.toml")
    assert (missing.value.code, "none.toml" in missing.value.text.zh) == ("config_invalid", True)
    with pytest.raises(Misuse) as broken:
        write(tmp_path, "[node")
    assert broken.value.code == "config_invalid"


@pytest.mark.parametrize("url", ["secret", "mysql://x:secret@localhost/x", "postgresql://x:secret@localhost/x"])
def test_an_address_of_no_database_is_told_without_repeating_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.delenv("CHAOXIN_DATABASE_URL", raising=False)
    config = write(tmp_path, GOOD.replace("sqlite:///node.sqlite", url))
    with pytest.raises(Misuse) as caught:
        _ = config.database_url
    assert (caught.value.code, caught.value.field) == ("config_invalid", "database.url")
    assert "secret" not in caught.value.text.zh


@pytest.mark.parametrize(("variable", "file"), [("CHAOXIN_PASSPHRASE", "passphrase"), ("CHAOXIN_PIN", "pin")])
def test_passphrase_and_pin_come_from_the_environment_or_a_file_and_never_are_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, file: str
) -> None:
    config = write(tmp_path, GOOD)
    ask = {"passphrase": lambda: config.passphrase().decode(), "pin": config.pin}[file]
    monkeypatch.delenv(variable, raising=False)
    with pytest.raises(Misuse) as caught:
        ask()
    assert caught.value.code == f"{file}_missing"
    (tmp_path / file).write_text("from the file\n")
    assert ask() == "from the file"
    monkeypatch.setenv(variable, "from the environment")
    assert ask() == "from the environment"


@pytest.mark.parametrize("role", ["clerk", "security_admin"])
def test_a_group_gives_roles_only_where_groups_are_followed_and_none_but_those_that_policies_let_it(
    tmp_path: Path, role: str
) -> None:
    (tmp_path / "scjg.password").write_text("the reader's", encoding="utf-8")
    below = 'groups_below = "OU=Groups, o=scjg"\n'
    groups = f'groups = {{ "cn=clerks,ou=groups,o=scjg" = ["{role}"], "cn=others,ou=people,o=scjg" = ["clerk"] }}\n'
    config = write(tmp_path, GOOD + STAFF + below + groups)
    with pytest.raises(Misuse) as caught:
        make_directory(config, config.settings.directories[0], load(None).assurance.directories)
    wanted = (
        "no role that policies let directories give" if role == "security_admin" else "cn=others,ou=people,o=scjg is not below"
    )
    assert wanted in caught.value.text.en
