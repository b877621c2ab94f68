"""What can go wrong when somebody recovers an account."""

from __future__ import annotations

from kernel.errors import define

RECOVERY_OVER = define(
    "recovery_over",
    status=400,
    zh="这次找回已经完成、取消或超时，或者不是在这个浏览器中进行到这一步的。",
    en="This recovery was completed, cancelled or has timed out, or it did not come to this step in this browser.",
    remedy_zh="请在开始找回的浏览器中继续，或重新开始。",
    remedy_en="Go on in the browser in which you began, or start again.",
)
RECOVERY_PROOF_WRONG = define(
    "recovery_proof_wrong",
    status=401,
    zh="没有通过核对。",
    en="That could not be confirmed.",
    remedy_zh="请检查后再试，或换一种方式；都不行时，请带证件到服务窗口办理。",
    remedy_en="Check it and try again, or use another way; if none works, go to a service window with your document.",
)
RECOVERY_EARLY = define(
    "recovery_early",
    status=409,
    zh="等候的时间还没有过，大约还有{hours}小时。",
    en="The waiting time is not over yet; about {hours} hours are left.",
    remedy_zh="等候期间，您的每个联系方式都会收到通知，本人可以取消。",
    remedy_en="Meanwhile all your channels are told, so that the owner can cancel.",
)
RECOVERY_CODE_WRONG = define(
    "window_code_wrong",
    status=401,
    zh="用户名与窗口给的代码不符，或者代码已经用过、过期。",
    en="The username and the code from the window do not belong together, or the code was used or is over.",
    remedy_zh="请核对窗口给的单据；过期的请到窗口重新办理。",
    remedy_en="Check the slip from the window; if it is too old, ask there for another one.",
)
RECOVERY_UNSUITABLE = define(
    "recovery_unsuitable",
    status=403,
    zh="这类账号不能这样找回。",
    en="Accounts of this kind are not recovered this way.",
    remedy_zh="工作人员请联系本单位或安全管理员。",
    remedy_en="Staff ask their own organisation or a security admin.",
)
