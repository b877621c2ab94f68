"""What can go wrong between a department's directory, its staff and this node."""

from __future__ import annotations

from kernel.errors import define

STAFF_DIRECTORY_AWAY = define(
    "staff_directory_away",
    status=503,
    zh="{organization}的单位目录暂时没有应答，现在无法核对口令。",
    en="The directory of {organization} does not answer at the moment, so the password cannot be checked.",
    remedy_zh="请稍后再试；其他单位和本平台账号的登录不受影响，已登录的会话继续有效。",
    remedy_en="Try again later; logins of other organisations and of this platform's own accounts go on, and so do sessions.",
)
DIRECTORY_PASSWORD_RESET = define(
    "directory_password_reset",
    status=403,
    zh="您的口令已被管理员重置，须先在本单位修改。",
    en="Your password was reset by an administrator and must be changed first.",
    remedy_zh="请按本单位的办法修改口令，然后用新口令登录。",
    remedy_en="Change it where your organisation has you change it, then log in with the new one.",
)
DIRECTORY_UNKNOWN = define(
    "directory_unknown",
    status=404,
    zh="没有配置名为 {name} 的单位目录。",
    en="No directory of staff named {name} is configured.",
    remedy_zh="请核对 chaoxin.toml 中 [[directories]] 的 name。",
    remedy_en="Check the names in [[directories]] of chaoxin.toml.",
)
DIRECTORY_VANISHED = define(
    "directory_vanished",
    status=409,
    zh="单位目录 {name} 的 {of} 人中有 {vanished} 人不见了，超过策略允许的数量，没有停用任何人。",
    en="Of {of} people in the directory {name}, {vanished} vanished: more than policies let go at once, so nobody was disabled.",
    remedy_zh="请检查目录、base_dn 和 user_filter；确属人员变动时用 chaoxin directory sync 并加 --override directory_vanished。",
    remedy_en="Check directory, base_dn and user_filter; if they did leave, chaoxin directory sync --override directory_vanished.",
)
