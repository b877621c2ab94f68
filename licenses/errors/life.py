"""Codes for what officers do to licences, and for what a licence type wants: acts that are not allowed, rules that are not kept."""

from __future__ import annotations

from kernel.errors import define

ACT_NOT_IN_STATUS = define(
    "act_not_in_status",
    status=409,
    zh="证照 {number} 现在的状态是“{status_zh}”，不能{act_zh}。",
    en="Licence {number} is {status_en}; in this status the act {act_en} is not possible.",
    remedy_zh="这项操作只用于状态为“{wanted_zh}”的证照。",
    remedy_en="This act is for licences that are: {wanted_en}.",
)
ACT_NOT_DONE_HERE = define(
    "act_not_done_here",
    status=403,
    zh="本节点的策略没有规定“{act_zh}”这项操作，因此不能办理。",
    en="This node's policies do not provide for the act {act_en}, so it is not done here.",
    remedy_zh="请管理员在 licenses.toml 的 acts 中规定人数和理由。",
    remedy_en="Have an administrator give its officers and reasons in licenses.toml, below acts.",
)
ACT_REASON = define(
    "act_reason",
    zh="理由“{found}”不在“{act_zh}”可选的理由之中。",
    en="{found!r} is none of the reasons for the act {act_en}.",
    remedy_zh="可选：{reasons_zh}。",
    remedy_en="Choose one of: {reasons_en}.",
)
ACT_TEXT = define(
    "act_text",
    zh="{column}不合格：{problem}。",
    en="The field {column} is not acceptable: {problem}.",
    remedy_zh="不超过 {limit} 个字，不含控制字符。",
    remedy_en="Give at most {limit} characters without control characters.",
)
ACT_UNCHANGED = define(
    "act_unchanged",
    zh="“{act_zh}”没有改动证照的内容。",
    en="The act {act_en} would change nothing on the licence.",
    remedy_zh="写明要改的栏目：{columns}。",
    remedy_en="Say what changes; these columns may: {columns}.",
)
ACT_COLUMN = define(
    "act_column",
    zh="“{act_zh}”不能改动 {column}。",
    en="The act {act_en} may not change {column}.",
    remedy_zh="可以改动的栏目：{columns}。",
    remedy_en="These columns may change: {columns}.",
)
COPY_LAST_DAY = define(
    "copy_last_day",
    zh="加注件不能用到 {until}：这一天已经过去，或者晚于证照的截止日（{valid_to}）。",
    en="An annotated copy cannot be good until {until}: that day is over, or after the licence's last one ({valid_to}).",
    remedy_zh="截止日填今天或以后、证照有效期以内的一天。",
    remedy_en="Give a day from today on that is within the licence's validity.",
)
COPIES_AT_ONCE = define(
    "copies_at_once",
    status=409,
    zh="这份证照正在同时制作许多加注件，没有轮到这一份。",
    en="Many annotated copies of this licence are being made at once, and this one did not get its turn.",
    remedy_zh="稍后再办一次。",
    remedy_en="Ask again in a moment.",
)
ACT_WAITING = define(
    "act_waiting",
    status=409,
    zh="这份证照已有一项操作在等待另一名经办人（{act_id}）。",
    en="Something else to be done to this licence waits for a second officer ({act_id}).",
    remedy_zh="请先同意或否决它。",
    remedy_en="Agree to it or reject it first.",
)
ACT_NOT_FOUND = define(
    "act_not_found",
    status=404,
    zh="没有找到这项操作。",
    en="There is no such act.",
    remedy_zh="核对编号；只能看到本部门的操作。",
    remedy_en="Check its identifier; only your own department's acts can be seen.",
)
ACT_DECIDED = define(
    "act_decided",
    status=409,
    zh="这项操作已有人决定：{by}。",
    en="Somebody has already decided about this: {by}.",
    remedy_zh="查看它的结果，不必再次决定。",
    remedy_en="Look at what came of it; nothing is left to decide.",
)
SAME_OFFICER = define(
    "same_officer",
    status=403,
    zh="提出的人不能自己同意：这项操作需要两名不同的经办人。",
    en="Whoever asks for it cannot agree to it: this takes two different officers.",
    remedy_zh="请另一名经办人办理。",
    remedy_en="Have another officer decide.",
)
NOT_YOUR_DEPARTMENT = define(
    "not_your_department",
    status=403,
    zh="这不是本部门签发的证照。",
    en="This is not a licence of your department.",
    remedy_zh="请由发证的部门办理。",
    remedy_en="Have the department that issues it do this.",
)
NO_MORE_VERSIONS = define(
    "no_more_versions",
    zh="证照 {number} 的版本号已经用完。",
    en="The version numbers of licence {number} are used up.",
    remedy_zh="注销这份证照，另发新号。",
    remedy_en="Cancel the licence and issue one with a new number.",
)
KEY_REUSED = define(
    "key_reused",
    zh="这个 Idempotency-Key 已经用于另一个请求。",
    en="This Idempotency-Key was used for another request.",
    remedy_zh="每个新的请求用一个新的值。",
    remedy_en="Use a new value for each new request.",
)
API_BODY = define(
    "api_body",
    status=400,
    zh="请求的正文不合格：{problem}。",
    en="The body of the request is not acceptable: {problem}.",
    remedy_zh="请开发人员对照接口描述 /api/v1/openapi.json 改正。",
    remedy_en="Developers: correct it as /api/v1/openapi.json describes.",
)
API_KEY = define(
    "api_key",
    status=400,
    zh="Idempotency-Key 不合格。",
    en="The Idempotency-Key is not acceptable.",
    remedy_zh="用 1 到 {limit} 个可显示的 ASCII 字符，每个新的请求一个新的值。",
    remedy_en="Use 1 to {limit} printable ASCII characters, a new value for each new request.",
)
NOT_ITS_LEVEL = define(
    "not_its_level",
    zh="{type_name}不由区划 {area_code} 这一级签发。",
    en="{type_name} is not issued at the level of area {area_code}.",
    remedy_zh="由证照类型所规定级别的部门签发。",
    remedy_en="Have it issued at the level that the licence type names.",
)
NUMBER_PATTERN = define(
    "number_pattern",
    zh="证照编号“{found}”不合{type_name}的编号规则 {pattern}。",
    en="The number {found!r} does not follow the rule for {type_name}: {pattern}.",
    remedy_zh="按编号规则填写，或留空由节点编号。",
    remedy_en="Number it as the rule says, or leave it empty and the node gives one.",
)
VALIDITY_TOO_LONG = define(
    "validity_too_long",
    zh="{type_name}的有效期最长 {days} 天。",
    en="{type_name} is valid for at most {days} days.",
    remedy_zh="把 valid_to 填到期限以内。",
    remedy_en="Give a valid_to within the limit.",
)
LICENSE_FAULT = define(
    "license_fault",
    status=500,
    zh="签章之前的检查发现问题（{finding}）：{problem}。",
    en="The check before sealing found a fault ({finding}): {problem}.",
    remedy_zh="没有签章。请管理员核对证照类型和策略。",
    remedy_en="Nothing was sealed. Have an administrator look at the licence type and the policies.",
)
LICENSES_STOPPED = define(
    "licenses_stopped",
    status=503,
    zh="证照签发已停止：复查发现已签发的证照 {identifier} 有问题（{finding}）。",
    en="Issuing licences is stopped: the review found a fault in licence {identifier} ({finding}).",
    remedy_zh="两名负责人查明原因后，分别运行 chaoxin license resume。",
    remedy_en="Once two people know why, each of them runs chaoxin license resume.",
)
TWO_NEEDED = define(
    "two_needed",
    status=409,
    zh="恢复签发要两个人同意，您已经同意过了。",
    en="It takes two people to issue again, and you have agreed already.",
    remedy_zh="请另一名负责人运行 chaoxin license resume。",
    remedy_en="Have another one run chaoxin license resume.",
)
BATCH_NOT_FOUND = define(
    "batch_not_found",
    status=404,
    zh="没有找到这一批。",
    en="There is no such batch.",
    remedy_zh="核对编号；只能看到本部门交来的批次。",
    remedy_en="Check its identifier; only your own department's batches can be seen.",
)
BATCH_DECIDED = define(
    "batch_decided",
    status=409,
    zh="这一批不再等待：已经交给后台签发，或者撤回了。",
    en="This batch does not wait any more: it is being issued, or was taken back.",
    remedy_zh="查看这一批的进度。",
    remedy_en="Look at how far it is.",
)
