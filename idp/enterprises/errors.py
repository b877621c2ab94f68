"""What can go wrong between organisations, their representatives and their agents."""

from __future__ import annotations

from kernel.errors import define

MANDATE_UNKNOWN = define(
    "mandate_unknown",
    status=404,
    zh="没有这项授权，或已撤销。",
    en="There is no such mandate, or it was revoked.",
    remedy_zh="请核对授权编号；管理员可用 chaoxin user mandate list 查看。",
    remedy_en="Check the mandate's number; an administrator lists them with chaoxin user mandate list.",
)
MANDATE_UNSUITABLE = define(
    "mandate_unsuitable",
    zh="授权的 {name} 不合格：{problem_zh}。",
    en="The mandate's {name} is not acceptable: {problem_en}.",
    remedy_zh="请改正后重试。",
    remedy_en="Correct it and try again.",
)
MANDATE_ALTERED = define(
    "mandate_altered",
    status=409,
    zh="这项授权与签名时的内容不一致，不能使用。",
    en="This mandate is not as it was when it was signed, so it counts for nothing.",
    remedy_zh="请管理员核查数据库和审计记录，然后重新授权。",
    remedy_en="An administrator should examine the database and the audit trail; then give it anew.",
)
