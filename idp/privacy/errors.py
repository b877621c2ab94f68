"""Codes for what people decide about their own data."""

from __future__ import annotations

from kernel.errors import define

CLOSING_UNSUITABLE = define(
    "closing_unsuitable",
    status=409,
    zh="工作人员和有管理角色的账号不能自行注销。",
    en="Accounts of officials are not closed by their owners.",
    remedy_zh="请由所在单位停用，或先收回角色。",
    remedy_en="Have your organisation disable it, or the roles taken away first.",
)
CLOSING_USERNAME = define(
    "closing_username",
    zh="输入的用户名与这个账号不符，没有提交注销。",
    en="What was typed is not this account's username; nothing was asked for.",
    remedy_zh="请照页面上的用户名重新输入。",
    remedy_en="Type the username as the page shows it.",
)
