"""Reads the policy documents: the packaged ones, or those of a node's own folder in their place, each whole or not at all.

A licence type is added, or gets a new version, by a document of its own in the folder's ``license-types``; a folder that has none of
these is no policy folder, unless ``license-types`` is there for what is to come.

Strict: what is missing, unknown, empty, of a wrong type or contradicts itself is a ``Misuse`` that names file, line and key, so
a node either starts with exactly what was written or not at all. Left to others: deciding by the documents.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from pydantic import ValidationError

from kernel.errors import ErrorCode, Misuse
from policies import consistency
from policies.claim_models import ClaimPolicies
from policies.client_models import ClientPolicies
from policies.errors import (
    POLICY_CONTRADICTION,
    POLICY_EMPTY,
    POLICY_FOLDER,
    POLICY_MISSING,
    POLICY_MISSING_KEY,
    POLICY_SYNTAX,
    POLICY_UNKNOWN_KEY,
    POLICY_WRONG_VALUE,
)
from policies.lines import Path as KeyPath
from policies.lines import line_of, locate
from policies.models import AssurancePolicies, CertificatePolicies, LicensePolicies, LicenseType, Policies
from policies.role_models import RolePolicies
from policies.tables import Table
from policies.token_models import TokenPolicies

TYPES = "license-types"
DEFAULTS = Path(__file__).parent / "defaults"
DOCUMENTS: Mapping[str, type[Table]] = MappingProxyType(
    {
        "certificates": CertificatePolicies,
        "assurance": AssurancePolicies,
        "tokens": TokenPolicies,
        "claims": ClaimPolicies,
        "clients": ClientPolicies,
        "licenses": LicensePolicies,
        "roles": RolePolicies,
    }
)

AnyTable = TypeVar("AnyTable", bound=Table)
_CODES: Mapping[str, ErrorCode] = MappingProxyType(
    {
        "extra_forbidden": POLICY_UNKNOWN_KEY,
        "missing": POLICY_MISSING_KEY,
        "too_short": POLICY_EMPTY,
    }
)


@dataclass(frozen=True, slots=True)
class Documents:
    """The seven documents, read and each sound in itself; ``files`` are the node's own, ``lines`` where the keys of each stand."""

    policies: Policies
    files: Mapping[str, Path]
    lines: Mapping[str, Mapping[KeyPath, int]]


def load(directory: Path | None) -> Policies:
    """Return all policies: the documents in ``directory`` and, for what it does not hold, the packaged ones; or ``Misuse``."""
    return with_types(read_documents(directory), directory)


def read_documents(directory: Path | None) -> Documents:
    """Return the seven documents, without the types that ``directory`` adds; ``Misuse`` for one that is not sound."""
    own = {} if directory is None else _own_documents(directory, needed=not (directory / TYPES).is_dir())
    read = {name: _read(own.get(name, DEFAULTS / f"{name}.toml"), shape) for name, shape in DOCUMENTS.items()}
    policies = Policies.model_validate({name: document for name, (document, _) in read.items()})
    return Documents(policies, own, {name: lines for name, (_, lines) in read.items()})


def with_types(documents: Documents, directory: Path | None, *more: Path) -> Policies:
    """Return the policies of the documents, and the types that ``directory`` and the files beside it hold now; ``Misuse`` for what contradicts itself."""
    added = [(file, *_read(file, LicenseType)) for file in (*_type_documents(directory), *more)]
    policies = join_types(documents.policies, [kind for _file, kind, _found in added])
    for name, path, problem in consistency.find_contradictions(policies):
        file, found = documents.files.get(name, DEFAULTS / f"{name}.toml"), documents.lines[name]
        place = _added_place(policies, len(added), name, path)
        if place is not None:
            (file, _kind, found), path = added[place], path[2:]  # noqa: PLW2901 - the same key, in the file that wrote it
        raise _fault(POLICY_CONTRADICTION, file, line_of(found, path), path, problem_zh=problem.zh, problem_en=problem.en)
    return policies


def read_type(file: Path) -> LicenseType:
    """Return the type that a document holds; ``Misuse`` when it is none."""
    return _read(file, LicenseType)[0]


def join_types(policies: Policies, kinds: Sequence[LicenseType]) -> Policies:
    """Return the policies with further types."""
    licenses = policies.licenses
    return policies.model_copy(update={"licenses": licenses.model_copy(update={"types": (*licenses.types, *kinds)})})


def _type_documents(directory: Path | None) -> Sequence[Path]:
    return [] if directory is None else sorted((directory / TYPES).glob("*.toml"))


def _added_place(policies: Policies, added: int, name: str, path: KeyPath) -> int | None:
    """Return which of the added types a contradiction is in, None for one in the document itself."""
    index = path[1] if name == "licenses" and len(path) > 1 and path[0] == "types" else None
    place = index - (len(policies.licenses.types) - added) if isinstance(index, int) else -1
    return place if place >= 0 else None


def _own_documents(directory: Path, *, needed: bool) -> dict[str, Path]:
    try:
        files = sorted(file for file in directory.iterdir() if file.suffix == ".toml")
    except OSError as error:
        raise _folder(directory, "无法读取", error.strerror or type(error).__name__) from None
    if not files and needed:
        raise _folder(directory, "里面没有策略文件", "it holds no policy document")
    for file in files:
        if file.stem not in DOCUMENTS:
            raise _folder(directory, f"{file.name} 不是策略文件", f"{file.name} is no policy document")
    return {file.stem: file for file in files}


def _folder(directory: Path, problem_zh: str, problem_en: str) -> Misuse:
    known = ", ".join(f"{name}.toml" for name in DOCUMENTS)
    return Misuse(POLICY_FOLDER, folder=str(directory), problem_zh=problem_zh, problem_en=problem_en, known=known)


def _read(file: Path, shape: type[AnyTable]) -> tuple[AnyTable, Mapping[KeyPath, int]]:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Misuse(POLICY_MISSING, file=str(file), problem=str(error)) from None
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _syntax(file, text, str(error)) from None
    found = locate(text)
    for path in _empty_lists(document):
        raise _fault(POLICY_EMPTY, file, line_of(found, path), path)
    try:
        # JSON mode is strict about every type but lets an array stand for a tuple; a TOML date becomes a string and is refused.
        return shape.model_validate_json(json.dumps(document, default=str)), found
    except ValidationError as error:
        # A misspelt key is both unknown and missing: the unknown one is what the operator can see.
        first = min(error.errors(), key=lambda each: each["type"] != "extra_forbidden")
    path = first["loc"]
    raise _fault(_CODES.get(first["type"], POLICY_WRONG_VALUE), file, line_of(found, path), path, problem=first["msg"])


def _syntax(file: Path, text: str, problem: str) -> Misuse:
    place = re.search(r"line (\d+)", problem)
    lines = text.splitlines() or [""]
    number = int(place[1]) if place else len(lines)  # "at end of document"
    key = re.match(r"\s*\[*([^=\]]+)", lines[min(number, len(lines)) - 1])
    return Misuse(POLICY_SYNTAX, file=str(file), line=number, key=key[1].strip() if key else "-", problem=problem)


def _empty_lists(value: Any) -> Iterator[KeyPath]:
    # Empty means refused, everywhere: a list that may be left out is left out, not written empty.
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        if child == []:
            yield (key,)
        for rest in _empty_lists(child):
            yield (key, *rest)


def _fault(code: ErrorCode, file: Path, line: int, path: KeyPath, **details: str) -> Misuse:
    key = ".".join(str(part) for part in path)
    return Misuse(code, field=key, file=str(file), line=line, key=key, **details)
