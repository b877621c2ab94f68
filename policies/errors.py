"""The error codes of the policy documents. All are the operator's to mend, and each names the place."""

from __future__ import annotations

from kernel.errors import define

POLICY_FOLDER = define(
    "policy_folder",
    status=500,
    zh="策略目录 {folder} 不能使用：{problem_zh}。",
    en="The policy folder {folder} cannot be used: {problem_en}.",
    remedy_zh="目录中放置要替换的整份文件，文件名须为：{known}；只增加证照类型时，在其中建立 license-types 目录；都不需要时删去配置中的 policies 一节。",
    remedy_en="Put whole documents into it, named {known}; to add licence types only, make the folder license-types in it; for neither, remove the policies table from the configuration.",
)
POLICY_MISSING = define(
    "policy_missing",
    status=500,
    zh="读不到策略文件 {file}：{problem}。",
    en="The policy document {file} cannot be read: {problem}.",
    remedy_zh="恢复该文件并检查权限；缺少策略文件时节点不会启动。",
    remedy_en="Restore the file and check its mode; a node does not start without it.",
)
POLICY_SYNTAX = define(
    "policy_syntax",
    status=500,
    zh="策略文件 {file} 第 {line} 行（{key}）不是正确的 TOML：{problem}。",
    en="The policy document {file}, line {line} ({key}), is not TOML: {problem}.",
    remedy_zh="按 TOML 语法改正这一行。",
    remedy_en="Correct that line.",
)
POLICY_UNKNOWN_KEY = define(
    "policy_unknown_key",
    status=500,
    zh="策略文件 {file} 第 {line} 行：没有 {key} 这个键。",
    en="The policy document {file}, line {line}: there is no key {key}.",
    remedy_zh="检查拼写，对照 policies/defaults 中的同名文件。",
    remedy_en="Check the spelling against the document of the same name in policies/defaults.",
)
POLICY_MISSING_KEY = define(
    "policy_missing_key",
    status=500,
    zh="策略文件 {file} 第 {line} 行起：缺少键 {key}。",
    en="The policy document {file}, from line {line}: the key {key} is missing.",
    remedy_zh="补上这个键，对照 policies/defaults 中的同名文件。",
    remedy_en="Add it; see the document of the same name in policies/defaults.",
)
POLICY_EMPTY = define(
    "policy_empty",
    status=500,
    zh="策略文件 {file} 第 {line} 行：{key} 是空的，空的清单什么也不允许。",
    en="The policy document {file}, line {line}: {key} is empty, and an empty list allows nothing.",
    remedy_zh="写明允许的内容；可以省略的键请整行删去。",
    remedy_en="Say what is allowed; where the key may be left out, remove the line.",
)
POLICY_WRONG_VALUE = define(
    "policy_wrong_value",
    status=500,
    zh="策略文件 {file} 第 {line} 行：{key} 的值不合要求（{problem}）。",
    en="The policy document {file}, line {line}: the value of {key} will not do ({problem}).",
    remedy_zh="改正这个值，对照 policies/defaults 中的同名文件。",
    remedy_en="Correct it; see the document of the same name in policies/defaults.",
)
POLICY_CONTRADICTION = define(
    "policy_contradiction",
    status=500,
    zh="策略文件 {file} 第 {line} 行：{key} 与别处矛盾：{problem_zh}。",
    en="The policy document {file}, line {line}: {key} contradicts another entry: {problem_en}.",
    remedy_zh="改正两处中的一处。",
    remedy_en="Correct one of the two.",
)
UNKNOWN_PROFILE = define(
    "unknown_profile",
    status=500,
    zh="没有名为“{name}”的证书模板，现有：{known}。",
    en="There is no certificate profile called {name!r}; there are: {known}.",
    remedy_zh="改用现有的模板，或在 certificates.toml 中增加。",
    remedy_en="Use one of these, or add it to certificates.toml.",
)
UNKNOWN_LEVEL = define(
    "unknown_level",
    status=500,
    zh="没有名为“{name}”的证书等级，现有：{known}。",
    en="There is no certificate level called {name!r}; there are: {known}.",
    remedy_zh="改用现有的等级，或在 certificates.toml 中增加。",
    remedy_en="Use one of these, or add it to certificates.toml.",
)
POLICY_NO_TYPE = define(
    "policy_no_type",
    status=500,
    zh="策略里没有证照类型 {type_code}。",
    en="No policy document has the licence type {type_code}.",
    remedy_zh="用 chaoxin license types 查看有哪些类型。",
    remedy_en="chaoxin license types lists those that there are.",
)
POLICY_TYPE_CHANGED = define(
    "policy_type_changed",
    status=500,
    zh="证照类型 {type_code} 的版本 {version} 正在使用，它的文件却被改动或移走了，仍按原来的使用。",
    en="Version {version} of the licence type {type_code} is in use, but its document was changed or taken away; it goes on as it was.",
    remedy_zh="恢复这份文件，把改动写成下一个版本；这个版本确实没有签发过证照时，重新启动服务。",
    remedy_en="Restore the document and write the change as the next version; if nothing was issued by this one, start the servers again.",
)
POLICY_TYPE_THERE = define(
    "policy_type_there",
    status=500,
    zh="{file} 已经存在。",
    en="{file} is there already.",
    remedy_zh="一个版本的文件不再改动；换一个版本号（version）。",
    remedy_en="The document of a version is not changed any more; give it another version number.",
)
