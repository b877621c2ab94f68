"""What can go wrong for people and operators: logging in, accounts, clients. The protocol's own errors are in ``oauth_errors``."""

from __future__ import annotations

from kernel.errors import define

LOGIN_FAILED = define(
    "login_failed",
    status=401,
    zh="用户名或口令不正确。",
    en="The username or the password is wrong.",
    remedy_zh="请核对后重新输入；连续输错会被暂时锁定，其间正确的口令也不予接受。",
    remedy_en="Check both and try again; repeated failures lock the account for a while, and then the right password fails too.",
)
LOGIN_THROTTLED = define(
    "login_throttled",
    status=429,
    zh="失败次数过多，请约 {minutes} 分钟后再试。",
    en="Too many failed tries; try again in about {minutes} minutes.",
    remedy_zh="这段时间内不再核对口令和验证码；如不是您本人操作，请联系服务窗口。",
    remedy_en="Until then no password or code is checked; if this was not you, contact a service window.",
)
ACCOUNT_DISABLED = define(
    "account_disabled",
    status=403,
    zh="这个账号已停用。",
    en="This account is disabled.",
    remedy_zh="请带证件到服务窗口办理，或联系所在单位的管理员。",
    remedy_en="Go to a service window with your document, or ask your organisation's administrator.",
)
ONE_TIME_CODE_WRONG = define(
    "one_time_code_wrong",
    status=401,
    zh="动态验证码不正确。",
    en="The one-time code is wrong.",
    remedy_zh="请输入验证器当前显示的 6 位数字，并确认手机时间准确。",
    remedy_en="Enter the 6 digits that your authenticator shows now, and check that the phone's clock is right.",
)
ONE_TIME_CODE_USED = define(
    "one_time_code_used",
    status=401,
    zh="这个动态验证码已经用过。",
    en="This one-time code was used already.",
    remedy_zh="请等验证器显示下一个验证码后再输入。",
    remedy_en="Wait until the authenticator shows the next code.",
)
SECOND_FACTOR_MISSING = define(
    "second_factor_missing",
    status=403,
    zh="这类账号必须使用动态验证码，而您的账号还没有绑定。",
    en="Accounts of this kind need a one-time code, and yours has no authenticator yet.",
    remedy_zh="请联系安全管理员为您绑定验证器。",
    remedy_en="Ask a security admin to enroll an authenticator for you.",
)
AUTHENTICATOR_EXISTS = define(
    "authenticator_exists",
    status=409,
    zh="这个账号已经绑定验证器。",
    en="The account has an authenticator already.",
    remedy_zh="请使用原来的验证器；丢失时到服务窗口办理。",
    remedy_en="Use that one; if it is lost, go to a service window.",
)
TRANSACTION_OVER = define(
    "transaction_over",
    status=400,
    zh="这次登录已经完成或超时。",
    en="This login was completed already or has timed out.",
    remedy_zh="请回到您要办事的网站重新点击登录。",
    remedy_en="Go back to the site that you were visiting and log in again.",
)
TRANSACTION_ELSEWHERE = define(
    "transaction_elsewhere",
    status=403,
    zh="这次登录不是在这个浏览器中开始的。",
    en="This login was not started in this browser.",
    remedy_zh="请在开始登录的浏览器中继续；浏览器需要允许本站的 Cookie。",
    remedy_en="Continue in the browser in which it was started; the browser must accept this site's cookies.",
)
ACCOUNT_UNKNOWN = define(
    "account_unknown",
    status=404,
    zh="没有这个账号。",
    en="There is no such account.",
    remedy_zh="请核对用户名。",
    remedy_en="Check the username.",
)
ACCOUNT_EXISTS = define(
    "account_exists",
    status=409,
    zh="已有账号使用这个用户名或证件号码。",
    en="An account with this username or number exists already.",
    remedy_zh="每人（每个单位）只有一个账号；请使用原有账号或换一个用户名。",
    remedy_en="One person or organisation has one account; use that one, or choose another username.",
)
ACCOUNT_UNSUITABLE = define(
    "account_unsuitable",
    zh="账号的 {name} 不合格：{problem_zh}。",
    en="The account's {name} is not acceptable: {problem_en}.",
    remedy_zh="请改正后重试。",
    remedy_en="Correct it and try again.",
)
PASSWORD_UNSUITABLE = define(
    "password_unsuitable",
    zh="口令不合格：{problem_zh}。",
    en="The password is not acceptable: {problem_en}.",
    remedy_zh="请换一个较长、不常见的口令，例如几个互不相干的词。",
    remedy_en="Choose a longer, uncommon one, for example several unrelated words.",
)
CLIENT_UNKNOWN = define(
    "client_unknown",
    status=404,
    zh="没有登记这个系统。",
    en="No such client is registered.",
    remedy_zh="请核对 client_id。",
    remedy_en="Check the client_id.",
)
CLIENT_EXISTS = define(
    "client_exists",
    status=409,
    zh="client_id {client_id} 已经登记。",
    en="The client_id {client_id} is registered already.",
    remedy_zh="请换一个 client_id。",
    remedy_en="Choose another client_id.",
)
CLIENT_UNSUITABLE = define(
    "client_unsuitable",
    zh="系统登记信息中的 {name} 不合格：{problem_zh}。",
    en="The client's {name} is not acceptable: {problem_en}.",
    remedy_zh="请改正后重试。",
    remedy_en="Correct it and try again.",
)
CLIENT_CHANGED = define(
    "client_changed",
    status=409,
    zh="这个系统的登记刚刚被别人修改或停用。",
    en="What is registered of this client was changed or disabled by somebody else just now.",
    remedy_zh="请重新查看后再修改。",
    remedy_en="Look at it again, then change it.",
)
CLIENT_SECRETS = define(
    "client_secrets",
    status=409,
    zh="不能这样更换密钥：{problem_zh}。",
    en="The secrets cannot be changed so: {problem_en}.",
    remedy_zh="先用 add 增加新密钥，系统换用后再用 drop 去掉旧密钥。",
    remedy_en="Add the new secret, let the system change over to it, then drop the old one.",
)
CLIENT_NOT_READY = define(
    "client_not_ready",
    status=409,
    zh="这个系统还不能正式使用，缺少：{missing}。",
    en="The client is not ready for production; it lacks: {missing}.",
    remedy_zh="请用 chaoxin client update 补充登记后重试。退出通知地址是自己保持登录的系统要有的；自助终端和后台程序不需要。",
    remedy_en="Register it with chaoxin client update, then try again. A logout address is for systems that keep logins of their own, not kiosks and services.",
)
INVITATION_UNKNOWN = define(
    "invitation_unknown",
    status=404,
    zh="没有这个仍然有效的登记邀请。",
    en="There is no such invitation to register that may still be used.",
    remedy_zh="请用 chaoxin client invitations 查看。",
    remedy_en="See chaoxin client invitations.",
)
AUTHORIZE_CLIENT = define(
    "authorize_client",
    status=400,
    zh="要求登录的系统没有在这里登记，或已停用。",
    en="The system that asked for a login is not registered here, or is disabled.",
    remedy_zh="请从该部门的官方网站重新进入；开发人员请检查 client_id。",
    remedy_en="Start again from the department's own site; developers: check client_id.",
)
AUTHORIZE_REDIRECT_URI = define(
    "authorize_redirect_uri",
    status=400,
    zh="要求登录的系统给出的返回地址（redirect_uri）与登记的不一致，为您的安全没有跳转。",
    en="The return address (redirect_uri) is not one that the system registered; for your safety you were not sent there.",
    remedy_zh="请从该部门的官方网站重新进入；开发人员请检查 redirect_uri，必须与登记的逐字一致。",
    remedy_en="Start again from the department's own site; developers: redirect_uri must equal a registered one exactly.",
)
SESSION_UNKNOWN = define(
    "session_unknown",
    status=404,
    zh="没有这个会话，或者它已经结束。",
    en="There is no such session, or it has ended.",
    remedy_zh="用 chaoxin session list 查看正在使用的会话。",
    remedy_en="chaoxin session list shows those that are alive.",
)
LOGOUT_HINT = define(
    "logout_hint",
    status=400,
    zh="退出请求中的 id_token_hint 不是本站签发的，或与 client_id 不一致。",
    en="The id_token_hint of the logout request was not issued here or does not belong to the client_id.",
    remedy_zh="您可以在首页退出登录；开发人员请检查 id_token_hint。",
    remedy_en="You can log out on the home page; developers: check id_token_hint.",
)
LOGOUT_REDIRECT_URI = define(
    "logout_redirect_uri",
    status=400,
    zh="退出后的返回地址（post_logout_redirect_uri）没有登记，为您的安全没有跳转。",
    en="The return address (post_logout_redirect_uri) is not registered; for your safety you were not sent there.",
    remedy_zh="您可以在首页退出登录；开发人员请检查 post_logout_redirect_uri 和 client_id。",
    remedy_en="You can log out on the home page; developers: check post_logout_redirect_uri and client_id.",
)
MESSAGE_UNDELIVERED = define(
    "message_undelivered",
    status=502,
    zh="短信或邮件没有发出去。",
    en="The message could not be sent.",
    remedy_zh="请过几分钟再试；一直不行时，请联系服务窗口。",
    remedy_en="Try again in a few minutes; if it keeps failing, ask a service window.",
)
ACT_ON_ONESELF = define(
    "act_on_oneself",
    status=403,
    zh="不能对自己的账号这样做，也不能审批与自己有关的申请。",
    en="Nobody does this to their own account, or decides what is about themselves.",
    remedy_zh="请另一位管理员办理。",
    remedy_en="Ask another administrator.",
)
