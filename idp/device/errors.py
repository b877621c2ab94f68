"""What can go wrong at a kiosk, and for somebody who types its code."""

from __future__ import annotations

from idp.oauth_errors import oauth_error
from kernel.errors import define

USER_CODE_WRONG = define(
    "user_code_wrong",
    status=404,
    zh="没有这个代码，或它已过期、已使用。",
    en="There is no such code, or it has expired or was used.",
    remedy_zh="请对照自助终端屏幕上的代码重新输入；超时后请在终端上重新开始。",
    remedy_en="Compare it with the code on the kiosk's screen and type it again; if it timed out, begin again at the kiosk.",
)
KIOSK_UNKNOWN = define(
    "kiosk_unknown",
    status=404,
    zh="没有登记这台自助终端。",
    en="This kiosk is not registered.",
    remedy_zh="请让安全管理员登记一个带大厅名称的设备授权系统，再在终端上打开它的地址。",
    remedy_en="Have a security admin register a device authorization client with its hall, and open its address on the kiosk.",
)
KIOSK_OFFICIAL = define(
    "kiosk_official",
    status=403,
    zh="工作人员账号不能在自助终端上登录。",
    en="Officials do not log in at kiosks.",
    remedy_zh="请在您自己的设备上登录；办理个人事务请用您的个人账号。",
    remedy_en="Log in on your own device; for matters of your own use the account that is yours as a citizen.",
)
KIOSK_FILES = define(
    "kiosk_files",
    status=403,
    zh="自助终端上不能下载您的文件：留在终端上，下一位就会看到。",
    en="Files of yours cannot be downloaded at a kiosk: the next visitor would find them there.",
    remedy_zh="请在您自己的手机或电脑上登录后下载。",
    remedy_en="Log in on your own phone or computer and download them there.",
)
KIOSK_THROTTLED = oauth_error(
    "kiosk_throttled",
    "slow_down",  # RFC 8628 3.5's word, at an endpoint for which 3.2 has none
    status=429,
    zh="这里的自助终端开始得太频繁，请约 {minutes} 分钟后再试。",
    en="Kiosks were begun too often from here; try again in about {minutes} minutes.",
    remedy_zh="请稍后再点“开始”，或在您自己的手机上登录。",
    remedy_en="Begin again later, or log in on your own phone.",
)
