"""What can go wrong in the life of a certificate: asking for it, checking it before it is signed, renewing it.

Left to others: keys, seals, time-stamps, tokens (``errors``).
"""

from __future__ import annotations

from kernel.errors import define

LINT_FAULT = define(
    "lint_fault",
    status=500,
    zh="签名之前的检查发现问题（{finding}）：{problem}。",
    en="The check before signing found a fault ({finding}): {problem}.",
    remedy_zh="没有签名。请核对 certificates.toml 和申请内容。",
    remedy_en="Nothing was signed. Look at certificates.toml and at what was asked for.",
)
ISSUANCE_STOPPED = define(
    "issuance_stopped",
    status=503,
    zh="证书签发已停止：复查发现已签发的证书 {serial} 有问题（{finding}）。",
    en="Issuing is stopped: the review found a fault in certificate {serial} ({finding}).",
    remedy_zh="两名安全管理员查明原因后，运行 chaoxin cert resume。",
    remedy_en="Once two security admins know why, run chaoxin cert resume.",
)
REQUEST_MALFORMED = define(
    "request_malformed",
    status=400,
    zh="证书申请（PKCS#10）无法读取：{problem}。",
    en="The certificate request (PKCS#10) cannot be read: {problem}.",
    remedy_zh="重新生成申请：openssl req -new。",
    remedy_en="Make the request again, as openssl req -new does.",
)
REQUEST_UNSUITABLE = define(
    "request_unsuitable",
    zh="证书申请不合格：{problem}。",
    en="The certificate request is not acceptable: {problem}.",
    remedy_zh="按证书模板的要求重新申请。",
    remedy_en="Ask again as the certificate's profile wants it.",
)
INVITATION_UNSUITABLE = define(
    "invitation_unsuitable",
    status=401,
    zh="邀请码不对、已用过或已过期。",
    en="The invitation is wrong, used or over.",
    remedy_zh="请安全管理员重新发出邀请。",
    remedy_en="Ask a security admin for another invitation.",
)
HOLDER_UNPROVEN = define(
    "holder_unproven",
    status=403,
    zh="出示的证书不能用来续期：{problem}。",
    en="The certificate shown cannot be used to renew: {problem}.",
    remedy_zh="出示本节点签发、有效期内、未吊销的证书，或凭邀请码申请。",
    remedy_en="Show a certificate of this node that is valid and not revoked, or enrol by an invitation.",
)
REQUESTER_UNSUITABLE = define(
    "requester_unsuitable",
    status=403,
    zh="模板 {profile} 的证书不能这样申请（{way}）。",
    en="A certificate of the profile {profile} cannot be asked for in this way ({way}).",
    remedy_zh="查看 certificates.toml 中该模板的 requested_by。",
    remedy_en="Look at the profile's requested_by in certificates.toml.",
)
CLOCK_WENT_BACK = define(
    "clock_went_back",
    status=503,
    zh="本机时钟倒退了，暂不能签发时间戳。",
    en="This machine's clock went back: no time-stamps are given.",
    remedy_zh="请运维人员核对时钟；时钟追上后自动恢复。",
    remedy_en="Have the operators set the clock right; time-stamps are given again once it has caught up.",
)
TWO_ADMINS_NEEDED = define(
    "two_admins_needed",
    status=409,
    zh="恢复签发需要另一名安全管理员同意。",
    en="Resuming needs the consent of another security admin.",
    remedy_zh="请由另一名管理员运行同一命令。",
    remedy_en="Have another admin run the same command.",
)
