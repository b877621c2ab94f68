"""Codes for what is handed in to be issued: applications, their files, departments; and for issuing itself.

The words for faults of an application are the ones that departments already use.
"""

from __future__ import annotations

from kernel.errors import define

# An application's columns


EMPTY_NAME = define(
    "empty_name",
    zh="没有填写持证者名称。",
    en="The holder's name is empty.",
    remedy_zh="填写 holder_name：自然人填姓名，法人填登记的全称。",
    remedy_en="Fill in holder_name: a person's name or an enterprise's full registered name.",
)
NAME_TOO_LONG = define(
    "name_too_long",
    zh="持证者名称有 {length} 个字，最多 {limit} 个字。",
    en="The holder's name has {length} characters; at most {limit} are allowed.",
    remedy_zh="检查是否粘贴了重复的内容，按登记的全称填写。",
    remedy_en="Check whether something was pasted twice; give the name as registered.",
)
CONTROL_CHARS = define(
    "control_chars",
    zh="内容里有看不见的控制字符 {character}。",
    en="There is an invisible control character, {character}.",
    remedy_zh="重新键入这一栏，不要从网页或其他软件粘贴。",
    remedy_en="Type this column anew instead of pasting it from a page or another program.",
)
HOLDER_KIND = define(
    "holder_kind",
    zh="持证者类别“{found}”不对，这种证照的持证者应为 {wanted}。",
    en="The holder kind {found!r} is wrong; this type of licence is held by: {wanted}.",
    remedy_zh="自然人填 citizen，企业和其他组织填 enterprise，并与证照类型一致。",
    remedy_en="Give citizen for a person and enterprise for an organisation, as the licence type wants it.",
)
HOLDER_ID_CHECK = define(
    "holder_id_check",
    zh="持证者代码的格式或校验位不对。",
    en="The holder's code has a wrong form or check character.",
    remedy_zh="按身份证（GB 11643）或统一社会信用代码（GB 32100）逐位核对，共 18 位。",
    remedy_en="Compare all 18 characters with the resident ID (GB 11643) or unified social credit code (GB 32100).",
)
ISSUER_ID_CHECK = define(
    "issuer_id_check",
    zh="发证机关代码的格式或校验位不对。",
    en="The issuer's code has a wrong form or check character.",
    remedy_zh="逐位核对发证机关的统一社会信用代码（GB 32100），共 18 位。",
    remedy_en="Compare all 18 characters with the issuer's unified social credit code (GB 32100).",
)
UNKNOWN_ISSUER = define(
    "unknown_issuer",
    zh="没有登记代码为 {uscc} 的发证机关。",
    en="No issuing department with the code {uscc} is registered here.",
    remedy_zh="核对 issuer_id；新部门先由管理员用 chaoxin department import 登记。",
    remedy_en="Check issuer_id; a new department is registered first, with chaoxin department import.",
)
ISSUER_NAME_DIFFERS = define(
    "issuer_name_differs",
    zh="发证机关名称“{found}”与登记的“{registered}”不一致。",
    en="The issuer's name {found!r} differs from the registered {registered!r}.",
    remedy_zh="按登记的全称填写 issuer_name，或更新部门登记。",
    remedy_en="Give issuer_name as registered, or update the department's registration.",
)
UNKNOWN_TYPE = define(
    "unknown_type",
    zh="证照目录里没有类型代码 {type_code}。",
    en="The catalogue has no licence type {type_code}.",
    remedy_zh="核对 type_code（21 位）；可用的类型见政策文件 licenses.toml。",
    remedy_en="Check type_code (21 characters); the types are listed in the policy document licenses.toml.",
)
TYPE_NAME_DIFFERS = define(
    "type_name_differs",
    zh="证照名称“{found}”与类型代码对应的“{registered}”不一致。",
    en="The licence name {found!r} differs from {registered!r}, which the type code stands for.",
    remedy_zh="核对 type_name 和 type_code 是否填错了行。",
    remedy_en="Check whether type_name and type_code belong to the same row.",
)
NOT_ITS_TYPE = define(
    "not_its_type",
    zh="{issuer}没有登记可以签发“{type_name}”。",
    en="{issuer} is not registered to issue {type_name}.",
    remedy_zh="改由主管部门签发；如登记有误，请管理员更新部门登记。",
    remedy_en="Let the competent department issue it; if the registration is wrong, have it updated.",
)
NOT_ITS_AREA = define(
    "not_its_area",
    zh="行政区划 {area_code} 不在{who}的签发范围内。",
    en="Area {area_code} is not one that {who} issues for.",
    remedy_zh="部门只为本区划签发，节点只受理本区划（市级含所辖区县）的申请；核对 area_code 或送往相应节点。",
    remedy_en="A department issues for its own area, a node takes its own (a city also those below); check area_code or send it there.",
)
BAD_AREA = define(
    "bad_area",
    zh="“{found}”不是 6 位行政区划代码。",
    en="{found!r} is not a six-digit area code.",
    remedy_zh="按 GB/T 2260 填写 area_code，例如 445122。",
    remedy_en="Fill in area_code as in GB/T 2260, for example 445122.",
)
BAD_NUMBER = define(
    "bad_number",
    zh="证照编号“{found}”不对：应为 9 到 32 位数字或大写字母。",
    en="The number {found!r} is wrong: it has 9 to 32 digits or capital letters.",
    remedy_zh="去掉空格、连字符和小写字母；留空则由系统编号。",
    remedy_en="Leave out blanks, hyphens and small letters; leave it empty to have one given.",
)
DUPLICATE_NUMBER = define(
    "duplicate_number",
    zh="编号 {number} 已用于另一份内容不同的申请。",
    en="Number {number} is already used by another application with different content.",
    remedy_zh="核对两份申请，为这一份改用新的编号；更正已签发的证照请走变更。",
    remedy_en="Compare the two and give this one a new number; a licence that was issued is corrected by a new version.",
)
BAD_DATE = define(
    "bad_date",
    zh="“{found}”不是日历上的日期。",
    en="{found!r} is no date of the calendar.",
    remedy_zh="按 YYYY-MM-DD 填写真实存在的日期，例如 2026-02-28。",
    remedy_en="Give a date that exists as YYYY-MM-DD, for example 2026-02-28.",
)
DATES_REVERSED = define(
    "dates_reversed",
    zh="有效期截止日 {valid_to} 早于起始日 {valid_from}。",
    en="The licence would end on {valid_to}, before it begins on {valid_from}.",
    remedy_zh="核对 valid_from 和 valid_to 是否填反。",
    remedy_en="Check whether valid_from and valid_to were swapped.",
)
VALIDITY_MISSING = define(
    "validity_missing",
    zh="“{type_name}”必须填写有效期截止日。",
    en="{type_name} needs the day on which it ends.",
    remedy_zh="填写 valid_to。",
    remedy_en="Fill in valid_to.",
)
EXTRA_MALFORMED = define(
    "extra_malformed",
    zh="扩展内容“{found}”不是“名称=值”。",
    en="The extension {found!r} is not name=value.",
    remedy_zh="extra 写成“名称=值”，用英文分号隔开，每个名称只写一次。",
    remedy_en="Write extra as name=value separated by semicolons, each name once.",
)
EXTRA_UNKNOWN = define(
    "extra_unknown",
    zh="“{type_name}”没有扩展项“{name}”。",
    en="{type_name} has no extension field {name!r}.",
    remedy_zh="可用的扩展项：{known}。",
    remedy_en="Its extension fields are: {known}.",
)
EXTRA_MISSING = define(
    "extra_missing",
    zh="缺少扩展项“{name}”。",
    en="The extension field {name!r} is missing.",
    remedy_zh="在 extra 里填写“{name}=…”。",
    remedy_en="Give {name}=… in extra.",
)
EXTRA_INVALID = define(
    "extra_invalid",
    zh="扩展项“{name}”的值不对：{problem_zh}。",
    en="The extension field {name!r} is wrong: {problem_en}.",
    remedy_zh="改正 extra 里的这一项。",
    remedy_en="Correct this item of extra.",
)

# Departments

DEPARTMENT_NAME = define(
    "department_name",
    zh="部门名称为空、过长或含控制字符。",
    en="The department's name is empty, too long or has control characters.",
    remedy_zh="填写登记的全称，最多 {limit} 个字。",
    remedy_en="Give its full registered name, at most {limit} characters.",
)
DEPARTMENT_TWICE = define(
    "department_twice",
    zh="部门 {uscc} 在文件里出现了两次，内容不同。",
    en="Department {uscc} is in the file twice with different content.",
    remedy_zh="只留正确的一行。",
    remedy_en="Keep the row that is right.",
)

# Issuing

GLYPH_MISSING = define(
    "glyph_missing",
    zh="“{name}”里的“{character}”（{point}）没有字体可以印出来。",
    en="No font can print {character!r} ({point}) in {name!r}.",
    remedy_zh="在服务器上安装含此字的字体（例如 Debian 的 fonts-hanazono），再提交这一行。",
    remedy_en="Install a font that has it on the server (for example Debian's fonts-hanazono) and hand this row in again.",
)
PAGE_UNPRINTABLE = define(
    "page_unprintable",
    zh="证照版面无法生成：{problem}。",
    en="The licence's page could not be made: {problem}.",
    remedy_zh="请管理员检查证照模板 {template}。",
    remedy_en="Have the template {template} checked.",
)
INTENT_OVERTAKEN = define(
    "intent_overtaken",
    status=409,
    zh="编号 {number} 的签发被另一个进程作废了。",
    en="The issuing of number {number} was given up by another process.",
    remedy_zh="再提交一次。",
    remedy_en="Hand it in again.",
)
LICENSE_NOT_FOUND = define(
    "license_not_found",
    status=404,
    zh="没有找到这份证照。",
    en="There is no such licence.",
    remedy_zh="核对证照编号或标识，注意数字 0 和字母 O。",
    remedy_en="Check its number or identifier; mind the digit 0 and the letter O.",
)
DOCUMENT_DAMAGED = define(
    "document_damaged",
    status=500,
    zh="证照 {identifier} 的文件与登记的摘要不符。",
    en="The stored document of licence {identifier} does not match its registered digest.",
    remedy_zh="数据库可能已损坏：运行 chaoxin doctor，并从备份恢复。",
    remedy_en="The database may be damaged: run chaoxin doctor and restore a backup.",
)
