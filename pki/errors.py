"""What can go wrong with keys, certificates, time-stamps, seals and signed tokens."""

from __future__ import annotations

from kernel.errors import define

WRONG_PASSPHRASE = define(
    "wrong_passphrase",
    status=500,
    zh="密钥库 {path} 的口令不对。",
    en="The passphrase of the key store {path} is wrong.",
    remedy_zh="检查口令文件或环境变量 CHAOXIN_PASSPHRASE。",
    remedy_en="Check the passphrase file or the environment variable CHAOXIN_PASSPHRASE.",
)
KEYSTORE_UNUSABLE = define(
    "keystore_unusable",
    status=500,
    zh="密钥库 {path} 无法使用：{problem}。",
    en="The key store {path} cannot be used: {problem}.",
    remedy_zh="检查目录的属主和权限；若文件已损坏，请从备份恢复。",
    remedy_en="Check the folder's owner and mode; restore a backup if a file is damaged.",
)
TOKEN_UNUSABLE = define(
    "token_unusable",
    status=500,
    zh="密码设备 {token} 无法使用：{problem}。",
    en="The cryptographic token {token} cannot be used: {problem}.",
    remedy_zh="检查设备是否接好、是否被锁定，以及 chaoxin.toml 中 [keys] 的 module 和 token；设备恢复后无需重启。",
    remedy_en="Check that the token is there and not locked, and module and token under [keys] in chaoxin.toml; no restart is needed once it is back.",
)
TOKEN_PIN = define(
    "token_pin",
    status=500,
    zh="密码设备 {token} 不接受这个 PIN。",
    en="The cryptographic token {token} does not accept this PIN.",
    remedy_zh="改正 PIN 文件或环境变量 CHAOXIN_PIN；同一个 PIN 不会再试，以免设备锁定。",
    remedy_en="Correct the PIN file or the environment variable CHAOXIN_PIN; the same PIN is not tried again, lest the token lock itself.",
)
KEY_EXISTS = define(
    "key_exists",
    status=500,
    zh="密钥 {label} 已经存在。",
    en="The key {label} exists already.",
    remedy_zh="密钥从不覆盖；请换一个标签。",
    remedy_en="Keys are never overwritten; choose another label.",
)
KEY_MISSING = define(
    "key_missing",
    status=500,
    zh="密钥库中没有密钥 {label}。",
    en="The key store has no key {label}.",
    remedy_zh="运行 chaoxin doctor；若密钥丢失，请从备份恢复。",
    remedy_en="Run chaoxin doctor; restore a backup if the key is lost.",
)
VALUE_UNREADABLE = define(
    "value_unreadable",
    status=500,
    zh="一个加密存放的值（{context}）无法解密。",
    en="An encrypted value ({context}) cannot be decrypted.",
    remedy_zh="数据库与密钥库可能不是同一时刻的备份；运行 chaoxin doctor。",
    remedy_en="Database and key store may be from backups of different moments; run chaoxin doctor.",
)
AUTHORITY_MISSING = define(
    "authority_missing",
    status=500,
    zh="本节点还没有建立证书机构（{role}）。",
    en="This node's certification authority is not set up ({role}).",
    remedy_zh="运行 chaoxin init。",
    remedy_en="Run chaoxin init.",
)
CERTIFICATE_UNKNOWN = define(
    "certificate_unknown",
    status=404,
    zh="本节点没有签发过序列号为 {serial} 的证书。",
    en="This node issued no certificate with serial {serial}.",
    remedy_zh="核对序列号（十六进制）和签发节点。",
    remedy_en="Check the serial number (hexadecimal) and which node issued the certificate.",
)
CERTIFICATE_REVOKED_ALREADY = define(
    "certificate_revoked_already",
    status=409,
    zh="序列号为 {serial} 的证书已经被吊销。",
    en="The certificate with serial {serial} is revoked already.",
    remedy_zh="无需再次吊销。",
    remedy_en="Nothing more needs to be done.",
)
CERTIFICATE_SUSPENDED_ALREADY = define(
    "certificate_suspended_already",
    status=409,
    zh="序列号为 {serial} 的证书已经处于暂停状态。",
    en="The certificate with serial {serial} is suspended already.",
    remedy_zh="可以解除暂停，或予以吊销。",
    remedy_en="Release it, or revoke it.",
)
CERTIFICATE_NOT_SUSPENDED = define(
    "certificate_not_suspended",
    status=409,
    zh="序列号为 {serial} 的证书没有被暂停。",
    en="The certificate with serial {serial} is not suspended.",
    remedy_zh="无需解除暂停。",
    remedy_en="There is nothing to release.",
)
CERTIFICATE_IN_SERVICE = define(
    "certificate_in_service",
    status=409,
    zh="这张证书正用作本节点的{role}，不能直接吊销或暂停。",
    en="This certificate serves as the node's {role} and cannot simply be revoked or suspended.",
    remedy_zh="请先完成密钥更替。",
    remedy_en="Roll the key over first.",
)
ROLLOVER_UNKNOWN = define(
    "rollover_unknown",
    status=404,
    zh="没有人申请过更替为 {ca}。",
    en="Nobody asked for a rollover to {ca}.",
    remedy_zh="先用 chaoxin ca rollover 申请，再批准它给出的名称。",
    remedy_en="Ask for it with chaoxin ca rollover first, then approve the name that it gives.",
)
ROLLOVER_APPROVER = define(
    "rollover_approver",
    status=403,
    zh="{by} 已经参与了这次密钥更替，不能再批准。",
    en="{by} took part in this rollover already and cannot approve it.",
    remedy_zh="请没有申请、也没有批准过的管理员批准。",
    remedy_en="Somebody who neither asked for it nor approved it must approve.",
)
ROLLOVER_UNDER_WAY = define(
    "rollover_under_way",
    status=409,
    zh="更替为 {ca} 已经批准完毕，不能再撤回。",
    en="The rollover to {ca} has all its approvals and cannot be withdrawn any more.",
    remedy_zh="要换回别的密钥，请等它完成后另行提出更换。",
    remedy_en="To have another key, let it finish and ask for the next rollover.",
)
CEREMONY_INVALID = define(
    "ceremony_invalid",
    zh="密钥仪式的方案或记录不合格：{problem}。",
    en="The plan or the transcript of the key ceremony is not acceptable: {problem}.",
    remedy_zh="按原方案和原记录继续；若记录被改动过，请停止并查明原因。",
    remedy_en="Go on with the original plan and transcript; if the transcript was changed, stop and find out why.",
)
CEREMONY_WITNESS = define(
    "ceremony_witness",
    zh="见证人 {name} 给出的散列不对。",
    en="The hash that the witness {name} gave is wrong.",
    remedy_zh="由见证人对屏幕上的散列加上自己的姓名重新计算 SHA-256，至少输入前 16 位。",
    remedy_en="The witness computes SHA-256 over the hash shown followed by their name again, and types at least 16 digits.",
)
REVOCATION_MOMENT = define(
    "revocation_moment",
    zh="吊销时间 {at} 不合格：不能晚于现在，也不能早于证书生效。",
    en="The moment of revocation {at} is not acceptable: neither later than now nor before the certificate was valid.",
    remedy_zh="填写证书生效之后、现在之前的时间，或不填（即现在）。",
    remedy_en="Give a moment between the certificate's start and now, or none (now).",
)
PROFILE_UNSUITABLE = define(
    "profile_unsuitable",
    zh="证书模板 {profile} 不能用于这次签发：{problem}。",
    en="The certificate profile {profile} cannot be used here: {problem}.",
    remedy_zh="按 certificates.toml 选择模板和密钥。",
    remedy_en="Choose a profile and a key as certificates.toml allows.",
)
NAME_UNSUITABLE = define(
    "name_unsuitable",
    zh="证书名称不合格：{problem}。",
    en="The certificate's name is not acceptable: {problem}.",
    remedy_zh="名称必须在本节点的名称之下，不含控制字符，每一项不超过 64 个字符（CN 不超过 64 字节，约 21 个汉字）。",
    remedy_en="The name must lie below the node's own, without control characters, each part at most 64 characters (CN at most 64 octets, 21 Chinese characters).",
)
TEMPLATE_UNSUITABLE = define(
    "template_unsuitable",
    zh="交叉证书的内容不合格：{problem}。",
    en="The cross-certificate asked for is not acceptable: {problem}.",
    remedy_zh="按协议的约束重新填写。",
    remedy_en="Correct it to what the agreement limits.",
)
ISSUANCE_VOIDED = define(
    "issuance_voided",
    status=409,
    zh="这次签发中途停顿太久，已经作废。",
    en="This issuance stood still for too long and was voided.",
    remedy_zh="请重新申请。",
    remedy_en="Apply again.",
)
SEAL_UNUSABLE = define(
    "seal_unusable",
    status=409,
    zh="{name}的电子印章不能使用：{problem}。",
    en="The seal of {name} cannot be used: {problem}.",
    remedy_zh="请安全管理员为该部门重新制发印章。",
    remedy_en="Ask a security admin to make a new seal for the department.",
)
DOCUMENT_CHANGED = define(
    "document_changed",
    status=500,
    zh="要盖章的文件与准备好的不是同一个。",
    en="The document to be sealed is not the one that was prepared.",
    remedy_zh="请重新办理。",
    remedy_en="Start again.",
)
DOCUMENT_UNSUITABLE = define(
    "document_unsuitable",
    zh="这个文件不能盖章：{problem}。",
    en="This document cannot be sealed: {problem}.",
    remedy_zh="请提供未加密、未签名、结构完好的 PDF。",
    remedy_en="Supply an intact PDF that is neither encrypted nor signed.",
)

TOKEN_TOO_LARGE = define(
    "token_too_large",
    status=400,
    zh="令牌太大。",
    en="The token is too large.",
    remedy_zh="请重新取得令牌。",
    remedy_en="Obtain a new token.",
)
TOKEN_MALFORMED = define(
    "token_malformed",
    status=400,
    zh="令牌的格式不对：{problem}。",
    en="The token is not well formed: {problem}.",
    remedy_zh="请重新取得令牌。",
    remedy_en="Obtain a new token.",
)
TOKEN_ALGORITHM = define(
    "token_algorithm",
    status=400,
    zh="令牌的签名算法不被接受。",
    en="The token's signature algorithm is not accepted.",
    remedy_zh="使用 ES256 或 RS256，并与密钥一致。",
    remedy_en="Use ES256 or RS256, the one that belongs to the key.",
)
TOKEN_KEY_UNKNOWN = define(
    "token_key_unknown",
    status=400,
    zh="没有令牌所指的密钥。",
    en="The key that the token names is not known.",
    remedy_zh="检查 kid，并重新获取公钥。",
    remedy_en="Check kid and fetch the public keys again.",
)
TOKEN_SIGNATURE = define(
    "token_signature",
    status=400,
    zh="令牌的签名不对。",
    en="The token's signature is wrong.",
    remedy_zh="请重新取得令牌。",
    remedy_en="Obtain a new token.",
)
TOKEN_TYPE = define(
    "token_type",
    status=400,
    zh="令牌的类型（typ）不对。",
    en="The token is of another type (typ).",
    remedy_zh="请使用这里要求的那种令牌。",
    remedy_en="Use the kind of token that is asked for here.",
)
TOKEN_CLAIM = define(
    "token_claim",
    status=400,
    zh="令牌中的 {claim} 不对：{problem}。",
    en="The token's {claim} is wrong: {problem}.",
    remedy_zh="请重新取得令牌。",
    remedy_en="Obtain a new token.",
)
TOKEN_EXPIRED = define(
    "token_expired",
    status=400,
    zh="令牌已过期。",
    en="The token has expired.",
    remedy_zh="请重新取得令牌。",
    remedy_en="Obtain a new token.",
)
TOKEN_NOT_YET_VALID = define(
    "token_not_yet_valid",
    status=400,
    zh="令牌还没有生效。",
    en="The token is not valid yet.",
    remedy_zh="请核对双方的时钟。",
    remedy_en="Compare both clocks.",
)
JWK_UNSUITABLE = define(
    "jwk_unsuitable",
    status=400,
    zh="公钥（JWK）不合格：{problem}。",
    en="The public key (JWK) is not acceptable: {problem}.",
    remedy_zh="使用 P-256（ES256）或 2048 位以上 RSA（RS256）的签名公钥。",
    remedy_en="Use a P-256 (ES256) key or an RSA key of at least 2,048 bits (RS256), for signatures, public part only.",
)
INDEX_KEY_CHANGED = define(
    "index_key_changed",
    status=503,
    zh="索引密钥刚刚更换，这一次没有作任何改动。",
    en="The key of the indexes was replaced just now; nothing was changed this time.",
    remedy_zh="请再提交一次。",
    remedy_en="Submit it once more.",
)
