"""What can go wrong between nodes: unreadable certificates and lists, agreements, descriptions, peers.

Why a *path* is not valid is not an error but a verdict's reason: those codes are in ``paths.explain``.
"""

from __future__ import annotations

from kernel.errors import define

CERTIFICATE_UNREADABLE = define(
    "certificate_unreadable",
    zh="无法读取证书：{problem}。",
    en="The certificate cannot be read: {problem}.",
    remedy_zh="请提供 DER、PEM 或 PKCS#7（.p7b、.p7c）格式的 X.509 证书。",
    remedy_en="Supply an X.509 certificate as DER, PEM or PKCS#7 (.p7b, .p7c).",
)
CRL_UNREADABLE = define(
    "crl_unreadable",
    zh="无法读取证书吊销列表：{problem}。",
    en="The revocation list cannot be read: {problem}.",
    remedy_zh="请提供 DER 或 PEM 格式的 X.509 证书吊销列表。",
    remedy_en="Supply an X.509 certificate revocation list as DER or PEM.",
)
CRL_NOT_GENUINE = define(
    "crl_not_genuine",
    zh="证书吊销列表不可信：{problem}。",
    en="The revocation list is not genuine: {problem}.",
    remedy_zh="请从签发机构公布的地址重新获取；若再次出现，请联系对方节点。",
    remedy_en="Fetch it again from where its issuer publishes it; if this happens again, ask the other node.",
)
CRL_TOO_MANY = define(
    "crl_too_many",
    status=429,
    zh="这个认证中心的吊销列表太多：一天最多 {most} 份、{octets} 字节，分区最多 {scopes} 个。",
    en="This CA makes too many revocation lists: at most {most} a day, of {octets} bytes, in {scopes} partitions, are kept.",
    remedy_zh="请对方节点检查其吊销列表的发布；已有的列表继续使用。",
    remedy_en="Ask the other node why it publishes so many; those that are held stay in use.",
)
PEER_UNREACHABLE = define(
    "peer_unreachable",
    status=502,
    zh="对方节点没有正常应答（{url}）：{problem}。",
    en="The other node did not answer as it should ({url}): {problem}.",
    remedy_zh="稍后会自动重试；若一直如此，请与对方联系。",
    remedy_en="It is tried again by itself; if this goes on, ask the other node.",
)
PEER_UNKNOWN = define(
    "peer_unknown",
    status=404,
    zh="本节点不认识节点 {code}。",
    en="This node does not know the node {code}.",
    remedy_zh="先与它订立交叉认证协议，或等待桥接节点公布它。",
    remedy_en="Agree on cross-certification with it first, or wait until a bridge publishes it.",
)
DESCRIPTION_INVALID = define(
    "description_invalid",
    zh="节点说明不合格：{problem}。",
    en="The node description is not acceptable: {problem}.",
    remedy_zh="请对方节点重新导出或公布节点说明。",
    remedy_en="Ask the other node to export or publish its description anew.",
)
DESCRIPTION_OLD = define(
    "description_old",
    status=409,
    zh="收到的节点说明比已有的旧。",
    en="The node description is older than the one that is held.",
    remedy_zh="请检查对方的缓存与时钟；已有的说明继续使用。",
    remedy_en="Check the other node's caches and clock; the one that is held stays in use.",
)
NOT_TRUSTED = define(
    "not_trusted",
    zh="签名者的证书不可信（{reason}）：{message}",
    en="The signer's certificate is not trusted ({reason}): {message_en}",
    remedy_zh="用 chaoxin path 查看是哪张证书、哪条规则。",
    remedy_en="See with chaoxin path which certificate and which rule it is.",
)
TOKEN_SIGNER_UNKNOWN = define(
    "token_signer_unknown",
    zh="本节点不认识签发这个令牌的证书。",
    en="This node does not know the certificate that the token names.",
    remedy_zh="若对方节点刚更换密钥，几分钟后再试；否则这个令牌不是本节点信任的节点签发的。",
    remedy_en="If the other node has just changed its key, try again in a few minutes; otherwise no node that this one trusts signed it.",
)
SIGNER_UNSUITABLE = define(
    "signer_unsuitable",
    zh="签名用的证书不是节点的令牌签名证书：{problem}。",
    en="The signing certificate is not a node's token signer: {problem}.",
    remedy_zh="对方节点须用其令牌签名证书签名，并在 x5c 中附上证书链。",
    remedy_en="The other node must sign with its token signer's certificate and send the chain in x5c.",
)
AGREEMENT_UNKNOWN = define(
    "agreement_unknown",
    status=404,
    zh="没有编号为 {identifier} 的交叉认证协议。",
    en="There is no cross-certification agreement {identifier}.",
    remedy_zh="用 chaoxin crosscert list 查看现有协议。",
    remedy_en="See the agreements with chaoxin crosscert list.",
)
AGREEMENT_OPEN = define(
    "agreement_open",
    status=409,
    zh="与节点 {code} 的协议正在办理中。",
    en="An agreement with node {code} is open already.",
    remedy_zh="先办完或驳回正在办理的协议。",
    remedy_en="Finish or reject the open one first.",
)
AGREEMENT_STATE = define(
    "agreement_state",
    status=409,
    zh="协议处于“{state}”状态，不能{action}。",
    en="The agreement is {state}; it cannot be moved on this way ({action}).",
    remedy_zh="顺序为：申请、核对验证码、两名管理员批准、签发、吊销。",
    remedy_en="The order is: request, comparison of the code, approval by two admins, issue, revoke.",
)
CODE_WRONG = define(
    "code_wrong",
    status=403,
    zh="核对码不一致（第 {misses} 次，共可输入 {most} 次）。",
    en="This is not the code (try {misses} of {most}).",
    remedy_zh="请对方通过电话等其他渠道再读一遍；若仍不一致，则收到的申请并非对方所发。",
    remedy_en="Let the other side read it out again over another channel; if it still differs, the request is not theirs.",
)
PLAN_CHANGED = define(
    "plan_changed",
    status=409,
    zh="信任关系已经变化，批准所依据的方案不再有效。",
    en="What would become trusted has changed since this plan was looked at.",
    remedy_zh="请重新查看方案，再批准新的方案。",
    remedy_en="Look at the plan as it is now and approve that one.",
)
PLAN_FAULTY = define(
    "plan_faulty",
    status=409,
    zh="该方案会使不应有效的证书变为有效：{faults}。",
    en="The plan would make valid what must not be: {faults}.",
    remedy_zh="缩小协议的范围，再重新申请。",
    remedy_en="Ask anew for narrower limits.",
)
APPROVER_UNSUITABLE = define(
    "approver_unsuitable",
    status=403,
    zh="{approver} 不能批准这项协议：{problem}。",
    en="{approver} cannot approve this agreement: {problem}.",
    remedy_zh="须由两名不同的、且都不是申请人的管理员批准。",
    remedy_en="Two different admins must approve, neither of them the requester.",
)
REVIEWER_UNSUITABLE = define(
    "reviewer_unsuitable",
    status=403,
    zh="{reviewer} 不能复核这次吊销：{problem}。",
    en="{reviewer} cannot review this revocation: {problem}.",
    remedy_zh="须由吊销人以外的管理员复核，且只复核一次。",
    remedy_en="An admin other than the one who revoked reviews it, once.",
)
WISH_TOO_WIDE = define(
    "wish_too_wide",
    zh="申请的范围超出允许：{problem}。",
    en="More is asked for than may be given: {problem}.",
    remedy_zh="缩小申请范围；只能与规则或原协议相同或更窄。",
    remedy_en="Ask for less: the same as the rules or the present agreement give, or narrower.",
)
REQUEST_INVALID = define(
    "request_invalid",
    zh="交叉认证申请不合格：{problem}。",
    en="The request for cross-certification is not acceptable: {problem}.",
    remedy_zh="请对方节点用 chaoxin crosscert ask 重新生成申请。",
    remedy_en="Ask the other node to make it anew with chaoxin crosscert ask.",
)
PEER_UNSUITABLE = define(
    "peer_unsuitable",
    zh="不能与该节点交叉认证：{problem}。",
    en="This node cannot be cross-certified: {problem}.",
    remedy_zh="核对对方的行政区划代码、名称和根证书。",
    remedy_en="Check the other node's area code, names and principal certificate.",
)
CROSS_CERTIFICATE_UNSUITABLE = define(
    "cross_certificate_unsuitable",
    zh="收到的交叉证书不合格：{problem}。",
    en="The cross-certificate received is not acceptable: {problem}.",
    remedy_zh="请对方节点按协议重新签发。",
    remedy_en="Ask the other node to issue it anew as agreed.",
)
EDGE_UNKNOWN = define(
    "edge_unknown",
    status=404,
    zh="图中没有唯一的交叉证书 {edge}。",
    en="The graph has no cross-certificate {edge}, or more than one.",
    remedy_zh="用 chaoxin crosscert graph --json 查看各交叉证书的序列号和摘要。",
    remedy_en="See the serials and digests of cross-certificates with chaoxin crosscert graph --json.",
)
PLAN_NOT_KEPT = define(
    "plan_not_kept",
    status=409,
    zh="签发之后的信任与计划不符：{places}。",
    en="What is trusted afterwards is not what was planned: {places}.",
    remedy_zh="请查看新的计划；若不可接受，请吊销刚签发的交叉证书。",
    remedy_en="Look at the plan anew; where it is not acceptable, revoke the cross-certificate just issued.",
)
DIRECTORY_UNREACHABLE = define(
    "directory_unreachable",
    status=502,
    zh="目录服务没有正常应答（{url}）：{problem}。",
    en="The directory did not answer as it should ({url}): {problem}.",
    remedy_zh="稍后会自动重试；请检查 [directory] 或 [[directories]] 中的地址、CA 文件、绑定名称和口令文件。",
    remedy_en="It is tried again by itself; check address, CA file, bind name and password file in [directory] or [[directories]].",
)
DIRECTORY_ANSWER = define(
    "directory_answer",
    status=502,
    zh="目录服务的应答不可用：{problem}。",
    en="What the directory answers cannot be used: {problem}.",
    remedy_zh="请检查目录的模式、本节点的权限和条目内容。",
    remedy_en="Check the directory's schema, this node's rights there, and the entry.",
)
CRL_ISSUER_UNKNOWN = define(
    "crl_issuer_unknown",
    status=403,
    zh="这份吊销列表不是本节点认识的认证中心签发的。",
    en="No CA that this node knows signed this revocation list.",
    remedy_zh="本节点只接收已知节点的认证中心签发的列表；其余的由本节点自己去取。",
    remedy_en="Only lists of CAs of known nodes are taken; this node fetches the others by itself.",
)
TOO_MANY_REQUESTS = define(
    "too_many_requests",
    status=429,
    zh="来自这个地址的请求太多，请在 {seconds} 秒后再试。",
    en="Too many requests came from this address; try again in {seconds} seconds.",
    remedy_zh="吊销列表不必补送：本节点也会自己去取。令牌可以在自己的节点上核验。",
    remedy_en="Lists need not be sent again: this node fetches them by itself as well. Tokens can be verified at a node of one's own.",
)
PEER_UNFIT = define(
    "peer_unfit",
    status=502,
    zh="对方节点的{what}不对：{problem}。",
    en="The other node's {what} is not as it must be: {problem}.",
    remedy_zh="请与对方节点的管理员联系；判断仍以已核验的资料为准。",
    remedy_en="Tell the other node's admins; judgements go on by what was verified before.",
)
