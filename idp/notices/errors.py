"""What can go wrong with a notice's link, a report and a case."""

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
CASE_UNKNOWN = define(
    "case_unknown",
    status=404,
    zh="没有这个案件。",
    en="There is no such case.",
    remedy_zh="请从案件列表中选择。",
    remedy_en="Choose one from the list of cases.",
)
CASE_DECIDED = define(
    "case_decided",
    status=409,
    zh="这个案件已经处理过。",
    en="This case was decided already.",
    remedy_zh="请刷新页面查看结果。",
    remedy_en="Reload the page to see how.",
)
CASE_OPEN = define(
    "case_open",
    status=409,
    zh="这个案件还没有处理，不用重新处理。",
    en="This case was not decided yet; there is nothing to take back.",
    remedy_zh="请刷新页面查看。",
    remedy_en="Reload the page to see.",
)
REPORTS_THROTTLED = define(
    "reports_throttled",
    status=429,
    zh="举报得太多，请约{minutes}分钟后再试。",
    en="Too many reports; try again in about {minutes} minutes.",
    remedy_zh="紧急时请联系服务窗口。",
    remedy_en="If it is urgent, ask a service window.",
)
