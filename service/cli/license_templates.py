"""``chaoxin license template``: look at a page by a template of one's own before it is used, keep it, list what is kept.

Left to others: what a template may be (``licenses.own_templates``), a second officer who agrees (the console, ``licenses.template_proposals``), typesetting it (``service.typesetting``).
"""

from __future__ import annotations

from pathlib import Path

import click

from kernel.errors import Text
from licenses.own_templates import read_template
from licenses.template_proposals import try_out
from service.cli.options import emit, json_option, pass_services, writing
from service.cli.preview import Preview, go_ahead, yes_option
from service.wiring import Services

_folder = click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
_type = click.option("--type", "type_code", required=True, help="The licence type whose sample is typeset.")


@click.group(name="template")
def command() -> None:
    """Licence templates of this node's own."""


@command.command()
@_folder
@_type
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="Where the sample page goes (PDF).")
@json_option
@pass_services
def check(services: Services, *, folder: Path, type_code: str, out: Path, as_json: bool) -> None:
    """Typeset a sample of a licence type by the template in FOLDER, within the limits that it has when it is used."""
    template = read_template(folder)
    page = try_out(services.licenses, template, folder.name, type_code).pdf
    with writing(out.parent):
        out.write_bytes(page)
    emit({"file": str(out), "sha256": template.sha256}, as_json, f"{out}\nsha256 {template.sha256}")


@command.command()
@_folder
@_type
@yes_option
@json_option
@pass_services
def add(services: Services, *, folder: Path, type_code: str, yes: bool, as_json: bool) -> None:
    """Keep the template in FOLDER under the folder's name, and print what a type's document says to use it. It is not changed any more."""
    template, name = read_template(folder), folder.resolve().name
    services.typesetting.check_free(name, template)
    try_out(services.licenses, template, name, type_code)
    action = Text(f"加入证照模板 {name}，以后不能改动。", f"Keep the licence template {name}; it is not changed any more.")
    if not go_ahead(Preview(action), yes=yes, overrides=(), as_json=as_json):
        return
    added = services.typesetting.add(name, template)
    lines = f'template = "{name}"\ntemplate_sha256 = "{template.sha256}"'
    emit({"changed": added, "template": name, "template_sha256": template.sha256}, as_json, lines)


@command.command(name="list")
@json_option
@pass_services
def list_(services: Services, *, as_json: bool) -> None:
    """List the templates that are kept, with the types that use them."""
    kinds = services.policies.licenses.types
    data = []
    for name in services.typesetting.names():
        used = [f"{kind.code} {kind.version}" for kind in kinds if kind.template == name and kind.template_sha256 is not None]
        data.append({"template": name, "template_sha256": services.typesetting.get(name).sha256, "types": used})
    emit(data, as_json, "\n".join(f"{one['template']}  {one['template_sha256']}  {', '.join(one['types'])}" for one in data))
