"""Personal data in the database: unreadable without the key store, bound to its column, found by a keyed index."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import Misuse
from pki.keyfiles import FileKeyStore
from pki.vault import Vault


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> FileKeyStore:
    return FileKeyStore(tmp_path_factory.mktemp("vault") / "keys", b"x")


@pytest.fixture(scope="module")
def vault(keys: FileKeyStore) -> Vault:
    return Vault(keys)


@given(text=st.text())
def test_what_was_encrypted_is_decrypted(vault: Vault, text: str) -> None:
    assert vault.decrypt(vault.encrypt(text, "idp.phone"), "idp.phone") == text


def test_equal_texts_have_different_ciphertexts_that_do_not_show_them(vault: Vault) -> None:
    first, second = vault.encrypt("13800138000", "idp.phone"), vault.encrypt("13800138000", "idp.phone")
    assert first != second
    assert b"13800138000" not in first


def test_a_value_moved_to_another_column_is_refused(vault: Vault) -> None:
    with pytest.raises(Misuse, match="value_unreadable"):
        vault.decrypt(vault.encrypt("13800138000", "idp.phone"), "idp.email")


@given(position=st.integers(0, 45), change=st.integers(1, 255))
def test_any_changed_octet_is_noticed(vault: Vault, position: int, change: int) -> None:
    blob = bytearray(vault.encrypt("110105194912", "idp.resident_id"))
    blob[position % len(blob)] ^= change
    with pytest.raises(Misuse, match="value_unreadable"):
        vault.decrypt(bytes(blob), "idp.resident_id")


@given(blob=st.binary(max_size=40))
def test_bytes_that_are_no_value_are_refused_by_name(vault: Vault, blob: bytes) -> None:
    with pytest.raises(Misuse, match="value_unreadable"):
        vault.decrypt_bytes(blob, "idp.phone")


def test_an_unknown_key_number_makes_no_key(keys: FileKeyStore, vault: Vault) -> None:
    blob = bytearray(vault.encrypt("x", "c"))
    blob[1:3] = (77).to_bytes(2, "big")
    with pytest.raises(Misuse, match="value_unreadable"):
        vault.decrypt(bytes(blob), "c")
    assert not (keys._folder.path / "vault-77.secret").exists()


def test_a_newer_vault_still_reads_what_an_older_key_encrypted(keys: FileKeyStore, vault: Vault) -> None:
    old, another_process = vault.encrypt("旧", "c"), Vault(keys)
    assert (vault.current, vault.rotate(), vault.is_current(old)) == (1, 2, False)
    new = vault.encrypt("新", "c")
    assert vault.is_current(new)
    assert (vault.decrypt(old, "c"), another_process.decrypt(new, "c"), another_process.current) == ("旧", "新", 2)
    assert Vault(keys).current == 2


def test_the_index_is_equal_for_equal_texts_of_one_column_only(keys: FileKeyStore, vault: Vault) -> None:
    assert vault.index("13800138000", "idp.phone") == Vault(keys).index("13800138000", "idp.phone")
    assert vault.index("13800138000", "idp.phone") != vault.index("13800138001", "idp.phone")
    assert vault.index("13800138000", "idp.phone") != vault.index("13800138000", "idp.other")


def test_the_index_differs_from_store_to_store(tmp_path: Path, vault: Vault) -> None:
    other = Vault(FileKeyStore(tmp_path / "keys", b"x"))
    assert vault.index("13800138000", "idp.phone") != other.index("13800138000", "idp.phone")
