"""Codes for what admins do about people."""

from __future__ import annotations

from kernel.errors import define

IMPORT_KIND = define(
    "import_kind",
    zh="“{found}”账号不能批量导入，只能导入 citizen（个人）和 enterprise（企业）。",
    en="Accounts of kind {found!r} are not imported, only citizen and enterprise.",
    remedy_zh="工作人员来自单位目录（chaoxin directory），管理员用 chaoxin user add 逐个添加。",
    remedy_en="Staff come from directories (chaoxin directory); admins are added one by one (chaoxin user add).",
)
IMPORT_NUMBER = define(
    "import_number",
    zh="没有填写 {name}，导入的账号须凭证件号码辨认。",
    en="The {name} is missing; accounts that are imported are known by it.",
    remedy_zh="个人填 resident_id，企业填 uscc。",
    remedy_en="Give resident_id for a person, uscc for an enterprise.",
)
IMPORT_HASH = define(
    "import_hash",
    zh="口令摘要不合格：须为 argon2id 的 PHC 格式，参数在允许范围内。",
    en="The password's hash is not acceptable: it must be argon2id in PHC form with parameters within bounds.",
    remedy_zh="留空：本人首次登录时凭找回账号设置口令。",
    remedy_en="Leave it empty: the person sets a password by account recovery at the first login.",
)
IMPORT_NAME_DIFFERS = define(
    "import_name_differs",
    status=409,
    zh="这个证件号码已有账号，姓名或名称与这一行不同。",
    en="There is an account with this number, under another name than this row's.",
    remedy_zh="核对两处的姓名；更名请由本人到窗口办理。",
    remedy_en="Compare the names; somebody who changed theirs goes to a service window.",
)
