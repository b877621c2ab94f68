"""Codes for what holders do with their licences, and for those to whom they show them."""

from __future__ import annotations

from kernel.errors import define

SHARE_NOT_OPEN = define(
    "share_not_open",
    status=404,
    zh="这个链接打不开：它无效、已经用过、已到期，或者持证人已经撤回。",
    en="This link cannot be opened: it is not valid, was used, has ended, or its holder took it back.",
    remedy_zh="请持证人重新出示。",
    remedy_en="Ask the holder to show the licence again.",
)
SHARE_NOT_FOUND = define(
    "share_not_found",
    status=404,
    zh="没有找到可以撤回的出示。",
    en="There is nothing of yours to take back under this name.",
    remedy_zh="回到证照页面，看它现在的状态。",
    remedy_en="Go back to the licence and see how it stands.",
)
SHARE_TEXT = define(
    "share_text",
    zh="“{what_zh}”不合格：请写 1 到 {limit} 个字，不含控制字符。",
    en="The field {what_en} is not acceptable: give 1 to {limit} characters without control characters.",
    remedy_zh="改正后再提交。",
    remedy_en="Correct it and send it again.",
)
SHARE_CHOICE = define(
    "share_choice",
    zh="没有这样的选择：{what_zh}。",
    en="There is no such choice: {what_en}.",
    remedy_zh="请从页面给出的选项中选择。",
    remedy_en="Choose among what the page offers.",
)
SHARES_TOO_MANY = define(
    "shares_too_many",
    status=409,
    zh="您已有 {limit} 个还能打开的出示，不能再增加。",
    en="You have {limit} shares that can still be opened; there can be no more.",
    remedy_zh="先撤回不再需要的出示。",
    remedy_en="First take back those that are not needed any more.",
)
SHARE_NOT_VALID = define(
    "share_not_valid",
    status=409,
    zh="这份证照现在不是有效状态，不能出示。",
    en="This licence is not valid now and cannot be shown.",
    remedy_zh="请向发证机关了解情况。",
    remedy_en="Ask the department that issued it.",
)
TOO_MANY_TRIES = define(
    "too_many_share_tries",
    status=429,
    zh="从这个网络地址打开的链接太多了。",
    en="Too many links were opened from this network address.",
    remedy_zh="请在 {seconds} 秒后再试。",
    remedy_en="Wait {seconds} seconds and try again.",
)
