"""The nodes and outside CAs of a shadow: a place is a root, the domain below it, and the policies by which others lead into it.

Left to others: one state of the graph (``world``), what is trusted of them (``reach``), how they stand and look (``view``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from cryptography import x509

from crosscert.graph.probes import Hand, hand_of
from crosscert.graph.shadow import Cast, Key, Shadow
from crosscert.paths.certificates import ParsedCertificate
from crosscert.ports import CrosscertDeps
from kernel.nodes import Node, is_area_code
from pki.names import is_within
from policies.certificates import policy_oid

MAX_ISSUERS = 4
"""How many issuing CAs of one place are tried; nodes have one, and two around a rollover."""


@dataclass(frozen=True, slots=True)
class Owners:
    """Whose a root's key is: of the keys that are known to be one node's, one stands for all; this node's own anchor for its."""

    keys: Mapping[Key, Key]

    def of(self, key: Key) -> Key:
        """Return the key that stands for ``key``."""
        return self.keys.get(key, key)


@dataclass(frozen=True, slots=True)
class Place:
    """A node or an outside CA. ``code`` is None when no policy tells it. ``policies`` are those of its own domain that somebody maps to.

    ``key`` stands for all keys of its root: there are two after a rollover. ``subtree`` is the name below which it certifies, ``root``
    signs as its principal CA, ``issuers`` as its issuing CAs. ``domain`` has every CA of it with its key.
    """

    key: Key
    name: str
    code: str | None
    subtree: x509.Name
    policies: tuple[str, ...]
    root: Hand
    issuers: tuple[Hand, ...]
    domain: tuple[tuple[ParsedCertificate, Key], ...]


def owners_of(nodes: Mapping[str, Node], own: Key) -> Owners:
    """Return the owners, ``nodes`` telling whose each key (hex) is."""
    groups: dict[str, list[Key]] = {}
    for key, node in sorted(nodes.items()):
        groups.setdefault(node.code, []).append(bytes.fromhex(key))
    return Owners({key: own if own in group else group[0] for group in groups.values() for key in group})


def find_places(
    deps: CrosscertDeps, shadow: Shadow, casts: Sequence[Cast], nodes: Mapping[str, Node], owners: Owners
) -> Iterator[Place]:
    """Yield this node's own place, and then that of every root to which a cross-certificate leads."""
    leading: dict[Key, list[Cast]] = {shadow.own: []}
    for each in casts:
        if each.is_cross:
            leading.setdefault(owners.of(each.subject), []).append(each)
    for key, found in leading.items():
        yield _place(deps, shadow, nodes.get(key.hex()), key, leading=found, casts=casts)


def _place(
    deps: CrosscertDeps, shadow: Shadow, node: Node | None, key: Key, *, leading: Sequence[Cast], casts: Sequence[Cast]
) -> Place:
    policies = {pair["subject_domain_policy"].dotted for each in leading for pair in each.certificate.asn1.policy_mappings_value}
    roots = {each.subject: each.certificate for each in leading}
    if key == shadow.own:
        policies |= {policy_oid(deps.policies, deps.node.code, level) for level in deps.policies.levels}
        roots = {shadow.own: shadow.anchor, **{of: found for of, found in roots.items() if of != shadow.own}}
    root_key, root = next(iter(roots.items()))
    domain = _domain(roots, casts)
    inside = [(found, of) for of, found in domain.items() if found.subject != root.subject]
    subtree = _subtree(root)
    return Place(
        key=key,
        name=node.name if node is not None else _name(subtree),
        code=node.code if node is not None else _code(deps, policies),
        subtree=subtree,
        policies=tuple(sorted(policies)),
        root=hand_of(root, shadow.keys.of(root_key)),
        issuers=tuple(hand_of(found, shadow.keys.of(of)) for found, of in inside[:MAX_ISSUERS]),
        domain=tuple((found, of) for of, found in domain.items()),
    )


def _domain(roots: Mapping[Key, ParsedCertificate], casts: Sequence[Cast]) -> Mapping[Key, ParsedCertificate]:
    """Return every CA of a domain: it goes on through all certificates without policy mappings, links between two keys among them."""
    domain = dict(roots)
    while True:
        more = [each for each in casts if not each.is_cross and each.issuer in domain and each.subject not in domain]
        if not more:
            return domain
        domain.update((each.subject, each.certificate) for each in more)


def _subtree(root: ParsedCertificate) -> x509.Name:
    """Return the name below which a root certifies: its own without the common name, or what it is permitted if that lies elsewhere."""
    own = x509.Name(root.x509.subject.rdns[:-1])
    try:
        limits = root.x509.extensions.get_extension_for_class(x509.NameConstraints).value
    except x509.ExtensionNotFound:
        return own
    permitted = [each.value for each in limits.permitted_subtrees or () if isinstance(each, x509.DirectoryName)]
    return own if not permitted or any(is_within(own, each) for each in permitted) else permitted[0]


def _name(subtree: x509.Name) -> str:
    attributes = [attribute for rdn in subtree.rdns for attribute in rdn]
    return str(attributes[-1].value) if attributes else ""


def _code(deps: CrosscertDeps, policies: Iterable[str]) -> str | None:
    """Return the area code of the domain that policies belong to, if it is a node's."""
    start = f"{deps.policies.arc}."
    codes = {oid.removeprefix(start).split(".")[0] for oid in policies if oid.startswith(start)}
    return codes.pop() if len(codes) == 1 and all(is_area_code(code) for code in codes) else None
