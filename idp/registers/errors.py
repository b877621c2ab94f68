"""What can go wrong with a register."""

from __future__ import annotations

from kernel.errors import define

REGISTER_AWAY = define(
    "register_away",
    status=503,
    zh="现在无法向登记机关核对，没有作任何改动。",
    en="The register could not be asked just now; nothing was changed.",
    remedy_zh="请过几分钟再试；急用时请带证件到服务窗口办理。",
    remedy_en="Try again in a few minutes; if it is urgent, go to a service window with your document.",
)
REGISTER_MISSING = define(
    "register_missing",
    status=404,
    zh="这里还不能这样核对。",
    en="This cannot be checked here yet.",
    remedy_zh="请带证件到服务窗口办理。",
    remedy_en="Go to a service window with your document.",
)
