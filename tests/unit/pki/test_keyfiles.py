"""The key store of files: nothing is overwritten, nothing is half written, one passphrase holds for all of it."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from kernel.errors import Misuse
from pki.authority import get_or_create_key
from pki.keyfiles import FileKeyStore
from tests.support.pki import OpenSsl


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "keys"


@pytest.fixture
def store(folder: Path) -> FileKeyStore:
    return FileKeyStore(folder, b"right")


def test_a_key_is_the_same_after_reopening(folder: Path, store: FileKeyStore) -> None:
    made = store.create("principal", "P-384")
    found = FileKeyStore(folder, b"right").get("principal")
    assert found.public_key() == made.public_key()
    assert store.get("principal") is made  # parsed once


def test_each_algorithm_gives_its_kind_of_key(store: FileKeyStore) -> None:
    p256, p384 = store.create("a", "P-256"), store.create("b", "P-384")
    assert isinstance(p256, ec.EllipticCurvePrivateKey)
    assert isinstance(p256.curve, ec.SECP256R1)
    assert isinstance(p384, ec.EllipticCurvePrivateKey)
    assert isinstance(p384.curve, ec.SECP384R1)
    assert isinstance(store.create("c", "Ed25519"), ed25519.Ed25519PrivateKey)
    large = store.create("d", "RSA-3072")
    assert isinstance(large, rsa.RSAPrivateKey)
    assert large.key_size == 3072


def test_openssl_reads_a_key_with_the_passphrase_only(folder: Path, store: FileKeyStore, openssl: OpenSsl) -> None:
    store.create("seal", "P-256")
    read = ("pkey", "-in", str(folder / "seal.pem"), "-noout", "-text", "-passin")
    assert b"prime256v1" in openssl.run(*read, "pass:right").stdout
    assert openssl.run(*read, "pass:wrong").returncode != 0


def test_files_are_for_their_owner_alone(folder: Path, store: FileKeyStore) -> None:
    store.create("seal", "P-256")
    store.secret("csrf")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}
    assert {file.name for file in folder.iterdir()} == {"store", "seal.pem", "csrf.secret"}  # no drafts left


def test_a_label_is_never_overwritten(folder: Path, store: FileKeyStore) -> None:
    made = store.create("seal", "P-256")
    with pytest.raises(Misuse, match="key_exists"):
        FileKeyStore(folder, b"right").create("seal", "P-256")
    assert FileKeyStore(folder, b"right").get("seal").public_key() == made.public_key()


def test_of_many_processes_that_create_one_key_one_wins_and_all_use_it(folder: Path) -> None:
    stores = [FileKeyStore(folder, b"right") for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        keys = list(pool.map(lambda store: get_or_create_key(store, "seal", "P-256"), stores))
    stored = FileKeyStore(folder, b"right").get("seal").public_key()
    assert all(key.public_key() == stored for key in keys)


def test_of_many_processes_that_ask_for_a_new_secret_all_get_the_same(folder: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        secrets = set(pool.map(lambda _: FileKeyStore(folder, b"right").secret("vault-1"), range(8)))
    assert len(secrets) == 1


def test_a_missing_key_is_found_as_none_and_got_as_a_misuse(store: FileKeyStore) -> None:
    assert store.find("seal") is None
    with pytest.raises(Misuse, match="key_missing"):
        store.get("seal")


def test_labels_are_those_of_keys_sorted(store: FileKeyStore) -> None:
    assert store.labels() == []
    for label in ("tsa", "issuing"):
        store.create(label, "P-256")
    store.secret("csrf")
    assert store.labels() == ["issuing", "tsa"]


def test_a_wrong_passphrase_is_named_whatever_is_asked_and_makes_nothing(folder: Path, store: FileKeyStore) -> None:
    store.create("seal", "P-256")
    before = sorted(folder.iterdir())
    wrong = FileKeyStore(folder, b"wrong")
    for ask in (
        lambda: wrong.get("seal"),
        lambda: wrong.create("another", "P-256"),
        lambda: wrong.secret("csrf"),
        wrong.labels,
    ):
        with pytest.raises(Misuse, match="wrong_passphrase"):
            ask()
    assert sorted(folder.iterdir()) == before


@pytest.mark.parametrize("name", ["seal.pem", "csrf.secret", "store"])
def test_a_damaged_file_is_named(folder: Path, store: FileKeyStore, name: str) -> None:
    store.create("seal", "P-256")
    store.secret("csrf")
    (folder / name).write_bytes(b"nonsense")
    again = FileKeyStore(folder, b"right")
    with pytest.raises(Misuse, match=rf"keystore_unusable.*{name}"):
        again.secret("csrf") if name.endswith("secret") else again.get("seal")


def test_a_store_whose_proof_is_gone_is_not_taken_for_a_new_one(folder: Path, store: FileKeyStore) -> None:
    store.create("seal", "P-256")
    (folder / "store").unlink()
    with pytest.raises(Misuse, match=r"keystore_unusable.*missing"):
        FileKeyStore(folder, b"another").create("more", "P-256")


def test_a_folder_that_cannot_be_made_is_a_misuse(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(Misuse, match="keystore_unusable"):
        FileKeyStore(tmp_path / "file" / "keys", b"right").create("seal", "P-256")


def test_a_secret_moved_to_another_label_is_refused(folder: Path, store: FileKeyStore) -> None:
    store.secret("one")
    (folder / "one.secret").rename(folder / "two.secret")
    with pytest.raises(Misuse, match="keystore_unusable"):
        store.secret("two")


@pytest.mark.parametrize("label", ["", "../seal", "a/b", ".hidden", "a\0b", "x" * 101])
def test_a_label_is_no_path(store: FileKeyStore, label: str) -> None:
    for ask in (store.find, store.secret):
        with pytest.raises(ValueError, match="label"):
            ask(label)
