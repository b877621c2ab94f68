"""What can go wrong when people enrol, use and remove authenticators."""

from __future__ import annotations

from kernel.errors import define

FRESH_LOGIN_NEEDED = define(
    "fresh_login_needed",
    status=403,
    zh="更改登录方式之前，请先用您最可靠的登录方式重新登录。",
    en="Before you change how you log in, log in again with the strongest way that you have.",
    remedy_zh="重新登录后{minutes}分钟内可以更改。",
    remedy_en="You can make changes for {minutes} minutes after that login.",
)
AUTHENTICATOR_GONE = define(
    "authenticator_gone",
    status=404,
    zh="没有这种登录方式，或者已经移除。",
    en="There is no such authenticator, or it was removed already.",
    remedy_zh="请刷新页面，查看现有的登录方式。",
    remedy_en="Reload the page to see those that you have.",
)
AUTHENTICATOR_NEEDED = define(
    "authenticator_needed",
    status=409,
    zh="移除之后，这个账号就无法达到必需的登录强度，所以没有移除。",
    en="Without it this account could no longer log in as surely as it must, so it was not removed.",
    remedy_zh="请先添加另一种登录方式，或把口令换成{length}位以上的，再移除这一种。",
    remedy_en="First add another authenticator, or choose a password of {length} characters or more; then remove this one.",
)
AUTHENTICATOR_NAME = define(
    "authenticator_name",
    status=422,
    zh="名称须为1至40个字，不含控制字符，也不与同类的另一个重名。",
    en="A name has 1 to 40 characters, no control characters, and is not another one's of the same kind.",
    remedy_zh="请换一个名称，例如“我的手机”。",
    remedy_en="Choose another name, for example “my phone”.",
)
AUTHENTICATORS_FULL = define(
    "authenticators_full",
    status=409,
    zh="一个账号最多有{limit}种登录方式。",
    en="An account has {limit} authenticators at most.",
    remedy_zh="请先移除不再使用的。",
    remedy_en="Remove those that you no longer use.",
)
ENROLMENT_OVER = define(
    "enrolment_over",
    status=400,
    zh="这次绑定已经超时，或者不是在这次登录中开始的。",
    en="This enrolment has timed out, or it was not started in this login.",
    remedy_zh="请重新扫描新的二维码。",
    remedy_en="Start again and scan the new QR code.",
)
RECOVERY_CODE_WRONG = define(
    "recovery_code_wrong",
    status=401,
    zh="恢复码不正确，或者已经用过。",
    en="The recovery code is wrong or was used already.",
    remedy_zh="每个恢复码只能用一次；请换一个未用过的恢复码，或输入验证器显示的6位数字。",
    remedy_en="Each one works once: try another one, or the 6 digits that your authenticator shows.",
)
SECOND_FACTOR_FIRST = define(
    "second_factor_first",
    status=409,
    zh="恢复码是在丢失验证器时用的，您的账号还没有绑定验证器或通行密钥。",
    en="Recovery codes are for a lost authenticator, and this account has no authenticator or passkey yet.",
    remedy_zh="请先绑定验证器或通行密钥。",
    remedy_en="Enrol an authenticator or a passkey first.",
)
PASSKEY_REFUSED = define(
    "passkey_refused",
    status=401,
    zh="通行密钥没有通过验证。",
    en="The passkey could not be verified.",
    remedy_zh="请确认地址栏是本站的地址，刷新页面后再试，或改用口令登录。",
    remedy_en="Make sure that the address bar shows this site, reload the page and try again, or use your password.",
)
PASSKEY_OVER = define(
    "passkey_over",
    status=401,
    zh="页面打开太久，或者这次验证已经用过。",
    en="The page was open for too long, or this answer was used already.",
    remedy_zh="请刷新页面后再用通行密钥。",
    remedy_en="Reload the page and use the passkey again.",
)
PASSKEY_CLONED = define(
    "passkey_cloned",
    status=403,
    zh="这个通行密钥可能被复制过，为您的安全没有登录。",
    en="This passkey may have been copied; for your safety you were not logged in.",
    remedy_zh="请用别的方式登录，移除这个通行密钥，并更改口令。",
    remedy_en="Log in another way, remove this passkey and change your password.",
)
PASSKEY_KNOWN = define(
    "passkey_known",
    status=409,
    zh="这个通行密钥已经绑定。",
    en="This passkey is enrolled already.",
    remedy_zh="请直接用它登录。",
    remedy_en="Just log in with it.",
)
CERTIFICATE_MISSING = define(
    "certificate_missing",
    status=401,
    zh="浏览器没有出示数字证书。",
    en="The browser showed no certificate.",
    remedy_zh="请插入USB Key，关闭并重新打开浏览器，在弹出的窗口中选择您的证书。",
    remedy_en="Plug in the USB key, close the browser and open it again, and choose your certificate when it asks.",
)
CERTIFICATE_REFUSED = define(
    "certificate_refused",
    status=401,
    zh="不能用这个数字证书登录。",
    en="This certificate cannot be used to log in.",
    remedy_zh="证书须在有效期内，由本市各节点认可的机构签发，与账号的证件号码一致，并由本人在“登录方式”中添加过；请用别的方式登录后添加，或联系发证机构、服务窗口。",
    remedy_en="It must be in force, issued by an authority that is trusted here, bear the account's number, and have been added by its owner; log in another way and add it, or ask its issuer or a service window.",
)
CERTIFICATE_KNOWN = define(
    "certificate_known",
    status=409,
    zh="这个数字证书已经添加。",
    en="This certificate is enrolled already.",
    remedy_zh="请直接用它登录。",
    remedy_en="Just log in with it.",
)
CONTACT_NEEDED = define(
    "contact_needed",
    status=409,
    zh="这是最后一个能联系到您的地址，所以没有移除。",
    en="This is the last address at which you can be reached, so it was not removed.",
    remedy_zh="请先确认另一个手机号或电子邮箱，再移除这一个。",
    remedy_en="First confirm another phone number or e-mail address, then remove this one.",
)
CHANNEL_MISSING = define(
    "channel_missing",
    status=404,
    zh="这里还不能用这种方式发送验证码。",
    en="Codes cannot be sent this way here yet.",
    remedy_zh="请用另一种方式，或到服务窗口办理。",
    remedy_en="Use another way, or go to a service window.",
)
SENDING_THROTTLED = define(
    "sending_throttled",
    status=429,
    zh="验证码发送得太多，请约{minutes}分钟后再试。",
    en="Too many codes were sent; try again in about {minutes} minutes.",
    remedy_zh="请先查看是否已经收到；邮件可能在垃圾邮件中。",
    remedy_en="Look whether one has arrived already; an e-mail may be among the spam.",
)
SENT_CODE_WRONG = define(
    "sent_code_wrong",
    status=401,
    zh="验证码不正确，或者已经过期、用过。",
    en="The code is wrong, over, or was used already.",
    remedy_zh="请输入最近一次收到的6位数字，或重新发送；试过多次仍不行时，请过一刻钟再试。",
    remedy_en="Enter the 6 digits that came last, or have another one sent; after many tries, try again in a quarter of an hour.",
)
SWITCHED_OFF = define(
    "login_switched_off",
    status=403,
    zh="{name_zh}暂停用于登录：{reason}。",
    en="Logging in with {name_en} is switched off for now: {reason}.",
    remedy_zh="请换一种登录方式；都不行时，请带证件到服务窗口办理。",
    remedy_en="Log in another way; if you have none, go to a service window with your document.",
)
SWITCH_UNKNOWN = define(
    "login_switch_unknown",
    status=422,
    zh="没有这种登录方式可以切换，或者没有写明原因（200字以内）。",
    en="There is no such way to log in to be switched, or no reason of 200 characters at most was given.",
    remedy_zh="可以切换的有：{choices}。",
    remedy_en="What can be switched: {choices}.",
)
