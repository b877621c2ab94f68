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
SECOND_ADMIN_NEEDED = define(
    "second_admin_needed",
    status=403,
    zh="申请人不能审批自己的申请。",
    en="Whoever asked for it does not approve it.",
    remedy_zh="请另一位管理员审批。",
    remedy_en="Ask another administrator to approve it.",
)
PROPOSAL_UNKNOWN = define(
    "proposal_unknown",
    status=404,
    zh="没有这个待审批事项。",
    en="There is nothing of this kind to decide.",
    remedy_zh="请在审批列表中核对编号。",
    remedy_en="Check its number in the list of approvals.",
)
PROPOSAL_OVER = define(
    "proposal_over",
    status=409,
    zh="这个事项已经审批或者过期。",
    en="This was decided already, or its time is over.",
    remedy_zh="需要时请重新申请。",
    remedy_en="Ask for it again if it is still wanted.",
)
ROLE_UNSUITABLE = define(
    "role_unsuitable",
    zh="不能这样改变角色“{role}”：{problem_zh}。",
    en="The role {role!r} cannot be changed so: {problem_en}.",
    remedy_zh="角色和可以拥有它的账号类别见策略文件 roles.toml。",
    remedy_en="Roles and the kinds of accounts that may have them stand in the policy document roles.toml.",
)
RESET_UNSUITABLE = define(
    "reset_unsuitable",
    status=409,
    zh="不能这样补办登录方式：{problem_zh}。",
    en="What this person logs in with is not replaced so: {problem_en}.",
    remedy_zh="个人和企业自行找回账号或到服务窗口办理；目录人员的口令由其单位重置。",
    remedy_en="Citizens and enterprises recover their accounts themselves or at a service window; a directory resets its own people's passwords.",
)
REASON_MISSING = define(
    "reason_missing",
    zh="没有写明理由，或者太长、含有控制字符。",
    en="The reason is missing, too long or has control characters.",
    remedy_zh="请用不超过 {limit} 个字写明理由。",
    remedy_en="Give a reason of at most {limit} characters.",
)
PURPOSE_UNKNOWN = define(
    "purpose_unknown",
    zh="没有写明查看个人信息的目的。",
    en="What the person's data are looked at for is not said.",
    remedy_zh="请选择以下目的之一：{wanted}。目的会记入审计日志，并告知本人。",
    remedy_en="Choose one of these purposes: {wanted}. It is audited, and shown to the person.",
)
