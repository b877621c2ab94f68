"""The console's own error codes."""

from __future__ import annotations

from kernel.errors import define

ADMIN_ROLE_NEEDED = define(
    "admin_role_needed",
    status=403,
    zh="您的账号没有查看这个管理页面的权限。",
    en="Your account may not see this page of the console.",
    remedy_zh="需要的角色：{roles_zh}。角色由{givers_zh}授予，请向他们申请，或换用有这个角色的账号登录。",
    remedy_en="It takes the role of {roles_en}. Roles are given by {givers_en}: ask there, or log in with an account that has the role.",
)
STRONGER_LOGIN_NEEDED = define(
    "stronger_login_needed",
    status=403,
    zh="管理页面要求用口令和动态验证码登录，您这次登录的强度不够。",
    en="The console wants a login with password and one-time code; this login was not as strong.",
    remedy_zh="请先退出，再用口令和动态验证码重新登录。",
    remedy_en="Log out, then log in again with your password and a one-time code.",
)
FRESHER_LOGIN_NEEDED = define(
    "fresher_login_needed",
    status=403,
    zh="这个操作不能撤回，而您登录已经有一会儿了，所以没有执行。",
    en="This cannot be taken back, and your login is a while ago; nothing was done.",
    remedy_zh="请重新登录，{minutes} 分钟之内再做一次；刚才填写的内容在上一页。",
    remedy_en="Log in again and repeat it within {minutes} minutes; what you typed is on the previous page.",
)
CLIENT_KEYS_UNREADABLE = define(
    "client_keys_unreadable",
    zh="公钥不是 JSON 格式的 JWK Set。",
    en="The public keys are no JWK Set in JSON.",
    remedy_zh="请粘贴以 keys 为成员的公钥集，不要包含私钥。",
    remedy_en="Paste the set of public keys, an object with the member keys, without private ones.",
)
DEPARTMENT_BEYOND = define(
    "department_beyond",
    status=403,
    zh="这个部门不在您的管理范围内。",
    en="This department is beyond your reach.",
    remedy_zh="请填写本部门的统一社会信用代码。",
    remedy_en="Give your own department's unified social credit code.",
)
