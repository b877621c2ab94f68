"""What can go wrong with a notice's link."""

from __future__ import annotations

from kernel.errors import define

NOT_ME_OVER = define(
    "not_me_over",
    status=404,
    zh="这个链接已经用过、过期，或者不完整。",
    en="This link was used already, is too old, or is not whole.",
    remedy_zh="如果刚用过，所有设备都已退出登录；否则请登录后更改口令，或联系服务窗口。",
    remedy_en="If you have just used it, all devices are logged out; otherwise log in and change your password, or ask a service window.",
)
