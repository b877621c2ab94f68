"""Codes for departments and nodes that fetch people's licences, and for holders who decide about it."""

from __future__ import annotations

from kernel.errors import define

CERTIFICATE_TYPE = define(
    "certificate_type",
    zh="没有代码为 {found} 的证照类型。",
    en="There is no licence type with the code {found!r}.",
    remedy_zh="用 21 位的证照类型代码（certificateTypeCode）。",
    remedy_en="Give the 21-character code of a type (certificateTypeCode).",
)
USE_CAUSE = define(
    "use_cause",
    zh="没有写明调取证照的事由（useCause）：1 到 {limit} 个字，不含控制字符。",
    en="The purpose of the retrieval (useCause) is missing or not acceptable: 1 to {limit} characters without control characters.",
    remedy_zh="写明为办理什么事项调取；持证人看得到。",
    remedy_en="Say for what you need it; the holder reads this.",
)
CONSENT_REFUSED = define(
    "consent_refused",
    status=403,
    zh="持证人不同意，或者已撤回同意。",
    en="The holder said no, or took the consent back.",
    remedy_zh="请持证人自己出示；{days} 天后可以再问一次。",
    remedy_en="Have the holder show the licence; you may ask again after {days} days.",
)
NODE_MESSAGE = define(
    "node_message",
    status=400,
    zh="另一节点的询问或答复不合格：{problem}。",
    en="The question or answer of another node is not acceptable: {problem}.",
    remedy_zh="请该节点的管理员核对版本和时钟。",
    remedy_en="Have that node's administrator look at its version and clock.",
)
CONSENT_NOT_FOUND = define(
    "consent_not_found",
    status=404,
    zh="没有找到可以这样决定的授权。",
    en="There is nothing of yours to decide in this way.",
    remedy_zh="回到证照页面，看它现在的状态。",
    remedy_en="Go back to your licences and see how it stands.",
)
