"""Codes for templates that a node brings itself."""

from __future__ import annotations

from kernel.errors import define

TEMPLATE_INVALID = define(
    "template_invalid",
    zh="证照模板不合格（{file}）：{problem}。",
    en="The licence template is not acceptable ({file}): {problem}.",
    remedy_zh="模板文件夹里要有 page.typ，图片只用 PNG 和 JPEG；文件名、个数和大小的限制见 docs/licenses.md。",
    remedy_en="A template's folder holds page.typ; its pictures are PNG or JPEG. docs/licenses.md has the limits of names, number and size.",
)
TEMPLATE_TAKEN = define(
    "template_taken",
    status=409,
    zh="已有名为 {name} 的模板，内容不同。模板加入以后不能改动，因为用它签发的证照还要用它。",
    en="There is a template {name} with other content. A template is not changed once it is there: licences are of it.",
    remedy_zh="换一个名称，并在证照类型的新版本里使用它。",
    remedy_en="Give it another name, and name that in a new version of the licence type.",
)
TEMPLATE_NOT_KEPT = define(
    "template_not_kept",
    status=503,
    zh="模板写不进本节点的策略文件夹：{problem}。",
    en="The template cannot be written to this node's policy folder: {problem}.",
    remedy_zh="请管理员让服务能写入 license-types 文件夹，再由另一名经办人同意一次。",
    remedy_en="Have the operator let the service write to its folder license-types, and another officer agree once more.",
)
TEMPLATE_WAITS = define(
    "template_waits",
    status=409,
    zh="这个证照类型已有一份模板等待同意。",
    en="Another template of this licence type waits for an agreement.",
    remedy_zh="先同意或撤回那一份。",
    remedy_en="Have that one agreed to or taken back first.",
)
TEMPLATE_DECIDED = define(
    "template_decided",
    status=409,
    zh="这份模板已经有人决定过。",
    en="Somebody has decided on this template.",
    remedy_zh="重新打开模板列表查看结果。",
    remedy_en="Open the list of templates again.",
)
TEMPLATE_UNKNOWN = define(
    "template_unknown",
    status=404,
    zh="没有这份提交的模板。",
    en="No such template was proposed.",
    remedy_zh="它可能已被撤回；请重新打开模板列表。",
    remedy_en="It may have been taken back; open the list of templates again.",
)
TEMPLATE_DATA = define(
    "template_data",
    zh="用这个模板排出的页面没有带上证照数据。",
    en="The page that this template gives does not carry the licence's data.",
    remedy_zh="page.typ 要引用 base.typ 并使用其中的 setup，写法见 docs/licenses.md。",
    remedy_en="page.typ has to import base.typ and show its setup, as docs/licenses.md tells.",
)
TEMPLATE_NO_FOLDER = define(
    "template_no_folder",
    zh="本节点没有自己的策略文件夹，证照类型和模板无处可放。",
    en="This node has no policy folder of its own to keep licence types and templates in.",
    remedy_zh="在 chaoxin.toml 的 [policies] 里写明 directory。",
    remedy_en="Name one in chaoxin.toml: directory below [policies].",
)
TEMPLATE_SAMPLE_TOO_LARGE = define(
    "template_sample_too_large",
    status=422,
    zh="样张太大：{what} {size} 字节，上限 {limit} 字节。",
    en="The sample is too large: {what_en} has {size} bytes, the limit is {limit}.",
    remedy_zh="减少页数，缩小图片；一张证照一般只有一页，几百 KB。",
    remedy_en="Use fewer pages and smaller pictures: a licence is a page of some hundred kilobytes.",
)
TEMPLATE_NOT_THERE = define(
    "template_not_there",
    zh="没有类型文件所指的模板 {template}，或它的摘要不符。",
    en="There is no template {template} as the type's document names it, or its digest is another one.",
    remedy_zh="template 用 certificate、permit 或 card，或先用 chaoxin license template add 加入自己的模板。",
    remedy_en="Say certificate, permit or card, or add one of your own first: chaoxin license template add.",
)
