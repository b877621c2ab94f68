"""``chaoxin license types`` and ``add-type``: which licence types there are, and one more, or another version of one, without code.

Left to others: what a type's document may say (``policies``), templates of one's own (``license_templates``).
"""

from __future__ import annotations

from pathlib import Path

import click

from kernel.errors import Misuse, Text
from licenses.errors.templates import TEMPLATE_NO_FOLDER, TEMPLATE_NOT_THERE
from licenses.render import find_template
from policies.models import LicenseType
from policies.type_documents import add_document, check_document
from service.cli.options import EXIT_NO, emit, json_option, pass_services
from service.cli.preview import Preview, go_ahead, yes_option
from service.wiring import Services


@click.command()
@json_option
@pass_services
def types(services: Services, as_json: bool) -> None:
    """List the licence types with all their versions; exit 1 when one has a template that there is not."""
    kinds = services.policies.licenses.types
    data = [kind.model_dump(mode="json", exclude_none=True) | {"printable": _is_printable(services, kind)} for kind in kinds]
    lines = (
        f"{kind.code}  {kind.version}  {kind.name} {kind.name_en}  {kind.holder_kind}  {kind.template}"
        f"{'' if one['printable'] else ' (缺少模板 no such template)'}\n    {'、'.join(field.name for field in kind.fields)}"
        for kind, one in zip(kinds, data, strict=True)
    )
    emit(data, as_json, "\n".join(lines))
    if not all(one["printable"] for one in data):
        raise SystemExit(EXIT_NO)


def _is_printable(services: Services, kind: LicenseType) -> bool:
    if kind.template_sha256 is None:
        return find_template(kind.template) is not None
    return services.typesetting.has(kind.template, kind.template_sha256)


@click.command(name="add-type")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@yes_option
@json_option
@pass_services
def add_type(services: Services, *, file: Path, yes: bool, as_json: bool) -> None:
    """Take the licence type in FILE (TOML) into the policy folder, whole or not at all; every process of the node has it within seconds."""
    folder = services.config.policies_directory
    if folder is None:
        raise Misuse(TEMPLATE_NO_FOLDER)
    kind = check_document(folder, file)
    if not _is_printable(services, kind):
        raise Misuse(TEMPLATE_NOT_THERE, field="template", template=kind.template)
    action = Text(
        f"加入证照类型 {kind.name}（{kind.code}）的版本 {kind.version}，以后不能改动。",
        f"Add version {kind.version} of the licence type {kind.name_en} ({kind.code}); it is not changed any more.",
    )
    if not go_ahead(Preview(action), yes=yes, overrides=(), as_json=as_json):
        return
    add_document(folder, file)
    told = {"changed": True, "type_code": kind.code, "version": kind.version}
    emit(told, as_json, f"{kind.code} {kind.version}")
