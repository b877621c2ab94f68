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
ORGANIZATION_REGISTER_MISSING = define(
    "organization_register_missing",
    status=503,
    zh="本节点没有连接法人库，不能在网上认领单位。",
    en="This node is connected to no register of legal persons, so organisations cannot be claimed online.",
    remedy_zh="请法定代表人带证件到服务窗口办理。",
    remedy_en="The legal representative should go to a service window with their document.",
)
NOT_REPRESENTATIVE = define(
    "not_representative",
    status=403,
    zh="法人库中没有查到您是这个代码的法定代表人。",
    en="The register does not name you as the legal representative of this code.",
    remedy_zh="请核对统一社会信用代码；刚变更的，请等登记机关更新后再试。",
    remedy_en="Check the unified social credit code; after a change, wait until the register has it.",
)
ORGANIZATION_NOT_ACTIVE = define(
    "organization_not_active",
    status=409,
    zh="这个单位在法人库中不是存续状态，不能认领或授权。",
    en="The register has this organisation as no longer active, so it can be neither claimed nor give mandates.",
    remedy_zh="请向登记机关核实单位的状态。",
    remedy_en="Ask the registration authority how the organisation stands.",
)
LEVEL_TOO_LOW = define(
    "organization_level_too_low",
    status=403,
    zh="需要实名等级 {needed}，您的账号是 {reached}。",
    en="Real-name level {needed} is needed; your account has {reached}.",
    remedy_zh="请先提高实名等级，或带证件到服务窗口办理。",
    remedy_en="Raise your real-name level first, or go to a service window with your document.",
)
ORGANIZATION_UNKNOWN = define(
    "organization_unknown",
    status=404,
    zh="没有由您代表的这个单位。",
    en="You represent no such organisation.",
    remedy_zh="请从“我的单位”中进入；法定代表人变更后，由新的代表人办理。",
    remedy_en="Start from “my organisations”; after a change of representative, the new one is in charge.",
)
AGENT_UNSUITABLE = define(
    "agent_unsuitable",
    zh="经办人的 {name} 不合格：{problem_zh}。",
    en="The agent's {name} is not acceptable: {problem_en}.",
    remedy_zh="请按身份证件填写后重试。",
    remedy_en="Enter it as on the identity document and try again.",
)
OFFER_OVER = define(
    "mandate_offer_over",
    status=404,
    zh="没有这项等您接受的授权，或已过期、已收回。",
    en="There is no such mandate for you to accept, or it is over or was withdrawn.",
    remedy_zh="请单位的法定代表人重新授权，姓名和身份证号码须与您的账号一致。",
    remedy_en="Ask the organisation's representative to give it anew; name and resident ID must be those of your account.",
)
MANDATES_FULL = define(
    "mandates_full",
    status=409,
    zh="这个单位的授权已有 {limit} 项，不能再增加。",
    en="This organisation has {limit} mandates already.",
    remedy_zh="请先撤销不再需要的授权。",
    remedy_en="Revoke those that are no longer needed first.",
)
