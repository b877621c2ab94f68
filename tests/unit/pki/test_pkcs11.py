"""Keys on a token: nothing private leaves it, and it may go away, be forked from, be asked by many, without harm."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pkcs11
import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from kernel.errors import Misuse
from pki.authority import get_or_create_key
from pki.pkcs11 import Token
from pki.pkcs11_keys import TokenRsaKey
from pki.pkcs11_store import TokenKeyStore
from pki.records import PrivateKey
from tests.support.tokens import PIN, SoftHsm

ECDSA = ec.ECDSA(hashes.SHA256())


@pytest.fixture
def label(softhsm: SoftHsm) -> str:
    return softhsm.make()


@pytest.fixture
def store(softhsm: SoftHsm, label: str, tmp_path: Path) -> TokenKeyStore:
    return TokenKeyStore(softhsm.open(label), tmp_path / "keys")


def check(key: PrivateKey, data: bytes = b"data") -> None:
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    key.public_key().verify(key.sign(data, ECDSA), data, ECDSA)


@contextmanager
def taken_away(softhsm: SoftHsm) -> Iterator[None]:
    softhsm.take_away()
    try:
        yield
    finally:
        softhsm.bring_back()


def in_a_child(body: Callable[[], None]) -> bool:
    """Tell whether ``body`` went well in a forked process."""
    child = os.fork()
    if child == 0:
        try:
            body()
        except BaseException:  # noqa: BLE001 - the parent is told by the status
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_the_token_itself_says_that_no_private_part_can_leave_it(softhsm: SoftHsm, store: TokenKeyStore, label: str) -> None:
    for algorithm in ("P-256", "RSA-3072", "Ed25519"):
        store.create(f"a-{algorithm}", algorithm)  # type: ignore[arg-type]
    store.secret("csrf")
    session = softhsm.session(label)
    kinds = (pkcs11.ObjectClass.PRIVATE_KEY, pkcs11.ObjectClass.SECRET_KEY)
    keys = [key for kind in kinds for key in session.get_objects({pkcs11.Attribute.CLASS: kind})]
    assert len(keys) == 4
    for key in keys:
        for attribute, wanted in (("SENSITIVE", True), ("EXTRACTABLE", False), ("NEVER_EXTRACTABLE", True), ("LOCAL", True)):
            assert key[pkcs11.Attribute[attribute]] is wanted
    assert {key[pkcs11.Attribute.DECRYPT] for key in keys[:3]} == {False}


def test_a_key_object_has_no_form_of_its_private_part_and_a_copy_is_the_same_key(store: TokenKeyStore) -> None:
    key = store.create("a", "P-256")
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    for ask in (
        lambda: key.private_bytes(*form),
        key.private_numbers,
        lambda: key.exchange(ec.ECDH(), key.public_key()),
        lambda: key.sign(b"x" * 32, ec.ECDSA(Prehashed(hashes.SHA256()))),
    ):
        with pytest.raises(UnsupportedAlgorithm):
            ask()
    with pytest.raises(UnsupportedAlgorithm):
        store.create("b", "Ed25519").private_bytes_raw()  # type: ignore[union-attr]
    assert copy.deepcopy(key) is copy.copy(key) is key


def test_an_rsa_key_signs_in_the_one_form_of_the_house(store: TokenKeyStore) -> None:
    key = store.create("a", "RSA-3072")
    assert isinstance(key, TokenRsaKey)
    for ask in (
        lambda: key.sign(b"x", padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256()),
        lambda: key.sign(b"x", padding.PKCS1v15(), hashes.SHA1()),  # noqa: S303 - refused
        lambda: key.decrypt(b"x" * 384, padding.PKCS1v15()),
    ):
        with pytest.raises(UnsupportedAlgorithm):
            ask()


def test_many_threads_sign_with_one_key(store: TokenKeyStore) -> None:
    key = store.create("a", "P-256")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: check(key, str(number).encode()), range(200)))


def test_of_many_that_create_one_key_one_wins_and_all_use_it(softhsm: SoftHsm, label: str, tmp_path: Path) -> None:
    stores = [TokenKeyStore(softhsm.open(label), tmp_path / "keys") for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        keys = list(pool.map(lambda one: get_or_create_key(one, "seal", "P-256"), stores))
    assert len(softhsm.open(label).find("seal")) == 1
    assert len({key.public_key().public_numbers() for key in keys if isinstance(key, ec.EllipticCurvePrivateKey)}) == 1


def test_two_keys_of_one_label_are_refused_rather_than_chosen_from(softhsm: SoftHsm, label: str, store: TokenKeyStore) -> None:
    assert store.find("seal") is None
    for _ in range(2):
        softhsm.open(label).generate("seal", "P-256")
    with pytest.raises(Misuse, match=r"keystore_unusable.*2 keys seal"):
        store.get("seal")


def test_a_forked_process_signs_with_the_same_key_and_so_does_its_parent(store: TokenKeyStore) -> None:
    key = store.create("a", "P-256")
    check(key)
    assert in_a_child(lambda: check(key))
    check(key)


def test_a_token_that_goes_away_is_named_and_serves_again_when_it_is_back(
    softhsm: SoftHsm, label: str, store: TokenKeyStore
) -> None:
    key = store.create("a", "P-256")
    with taken_away(softhsm):
        for ask in (lambda: check(key), store.labels, lambda: store.find("b"), lambda: store.secret("csrf")):
            with pytest.raises(Misuse, match=f"token_unusable.*{label}"):
                ask()
    check(key)
    assert store.labels() == ["a"]


def test_a_key_that_was_deleted_on_the_token_is_named(softhsm: SoftHsm, label: str, store: TokenKeyStore) -> None:
    key = store.create("a", "P-256")
    for found in softhsm.session(label, rw=True).get_objects({pkcs11.Attribute.LABEL: "a"}):
        found.destroy()
    with pytest.raises(Misuse, match=r"token_unusable.*there is no private key"):
        check(key)


def test_a_pin_that_was_refused_is_not_tried_again(softhsm: SoftHsm, label: str, tmp_path: Path) -> None:
    pin = ["000000"]
    store = TokenKeyStore(Token(softhsm.module, label, lambda: pin[0]), tmp_path / "keys")
    with pytest.raises(Misuse, match="token_pin"):
        store.create("a", "P-256")
    softhsm.set_pin(label, PIN, "000000")
    with pytest.raises(Misuse, match="token_pin"):  # it would be right now
        store.create("a", "P-256")
    softhsm.set_pin(label, "000000", "222222")
    pin[0] = "222222"  # the operator corrects the file; nothing is restarted
    check(store.create("a", "P-256"))


@pytest.mark.parametrize(("module", "label"), [("nowhere.so", "x"), (None, "nobody")])
def test_a_library_or_a_token_that_is_not_there_is_named(
    softhsm: SoftHsm, tmp_path: Path, module: str | None, label: str
) -> None:
    token = Token(softhsm.module if module is None else tmp_path / module, label, lambda: PIN)
    with pytest.raises(Misuse, match=f"token_unusable.*{label}"):
        TokenKeyStore(token, tmp_path / "keys").labels()


def test_secrets_are_the_same_after_reopening_and_worth_nothing_without_their_token(
    softhsm: SoftHsm, label: str, store: TokenKeyStore, tmp_path: Path
) -> None:
    secret = store.secret("csrf")
    assert all(secret not in file.read_bytes() for file in (tmp_path / "keys").iterdir())
    assert TokenKeyStore(softhsm.open(label), tmp_path / "keys").secret("csrf") == secret
    other = TokenKeyStore(softhsm.open(softhsm.make()), tmp_path / "keys")
    with pytest.raises(Misuse, match=r"keystore_unusable.*another token"):
        other.secret("csrf")


@pytest.mark.parametrize("damage", [b"", b"nonsense", b"chaoxin-token-keys-1\n" + bytes(60), None])
def test_a_store_file_that_is_damaged_or_gone_is_not_taken_for_a_new_one(
    softhsm: SoftHsm, label: str, store: TokenKeyStore, tmp_path: Path, damage: bytes | None
) -> None:
    store.secret("csrf")
    file = tmp_path / "keys" / "store"
    if damage is None:
        file.unlink()
    else:
        file.write_bytes(damage)
    with pytest.raises(Misuse, match=r"keystore_unusable.*store"):
        TokenKeyStore(softhsm.open(label), tmp_path / "keys").secret("another")


@pytest.mark.parametrize("label", ["", "../seal", "a/b", ".hidden", "a\0b", "x" * 101])
def test_a_label_is_no_path(store: TokenKeyStore, label: str) -> None:
    for ask in (store.find, store.secret, lambda name: store.create(name, "P-256")):
        with pytest.raises(ValueError, match="label"):
            ask(label)
