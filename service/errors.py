"""The service's own error codes, and the one map from an error to what goes over the wire."""

from __future__ import annotations

from kernel.errors import ChaoxinError, define

CONFIG_MISSING = define(
    "config_missing",
    status=500,
    zh="没有指明节点：请用 --config 或环境变量 CHAOXIN_CONFIG。",
    en="No node was named: use --config or the environment variable CHAOXIN_CONFIG.",
    remedy_zh="例如 chaoxin --config var/demo/445100/chaoxin.toml doctor。",
    remedy_en="For example chaoxin --config var/demo/445100/chaoxin.toml doctor.",
)
CONFIG_INVALID = define(
    "config_invalid",
    status=500,
    zh="配置文件 {file} 有误：{problem}。",
    en="The configuration file {file} is wrong: {problem}.",
    remedy_zh="按 docs/operations.md 的配置说明改正。",
    remedy_en="Correct it as docs/operations.md describes.",
)
DIRECTORY_MISSING = define(
    "directory_missing",
    status=500,
    zh="本节点没有配置目录服务。",
    en="No directory is configured for this node.",
    remedy_zh="在配置文件中加上 [directory]，见 docs/operations.md。",
    remedy_en="Add [directory] to the configuration, as docs/operations.md describes.",
)
PASSPHRASE_MISSING = define(
    "passphrase_missing",
    status=500,
    zh="没有密钥库口令：环境变量 CHAOXIN_PASSPHRASE 为空，口令文件 {file} 也读不到。",
    en="There is no passphrase for the key store: CHAOXIN_PASSPHRASE is empty and the file {file} cannot be read.",
    remedy_zh="把口令放进该文件（权限 0600）或环境变量，不要写在命令行上。",
    remedy_en="Put it into that file (mode 0600) or the environment variable, never on the command line.",
)
PIN_MISSING = define(
    "pin_missing",
    status=500,
    zh="没有密码设备的 PIN（文件 {file}）。",
    en="There is no PIN for the cryptographic token (file {file}).",
    remedy_zh="把 PIN 写进该文件（权限 0600），或设置环境变量 CHAOXIN_PIN。",
    remedy_en="Put the PIN into the file (mode 0600) or set the environment variable CHAOXIN_PIN.",
)
CONFINED_MISSING = define(
    "confined_missing",
    status=500,
    zh="处理文件的隔离进程无法启动。",
    en="The confined process that handles files does not start.",
    remedy_zh="检查安装是否完整，以及本机是否还能启动进程、内存是否够用。",
    remedy_en="Check that the installation is complete, and that the machine can still start processes and has memory left.",
)
PORT_IN_USE = define(
    "port_in_use",
    status=500,
    zh="无法监听 {host}:{port}：端口已被占用。",
    en="Cannot listen on {host}:{port}: the port is in use.",
    remedy_zh="停止占用它的程序，或在配置中换一个端口。",
    remedy_en="Stop the program that uses it, or choose another port in the configuration.",
)
DEMO_ELSEWHERE = define(
    "demo_elsewhere",
    status=500,
    zh="{directory} 里的演示是为端口 {port} 起建立的，不能换端口。",
    en="The demo in {directory} was built for the ports from {port} on, which cannot be changed.",
    remedy_zh="设 CHAOXIN_DEMO_PORT={port}，或用 make demo-clean 删除后重建。",
    remedy_en="Set CHAOXIN_DEMO_PORT={port}, or remove it with make demo-clean and build it anew.",
)
FOLDER_UNWRITABLE = define(
    "folder_unwritable",
    status=500,
    zh="无法写入 {path}：{problem}。",
    en="Cannot write to {path}: {problem}.",
    remedy_zh="检查目录是否存在、属主和权限是否正确、磁盘是否已满。",
    remedy_en="Check that the folder exists, who owns it, its mode, and that the disk is not full.",
)
DATABASE_UNUSABLE = define(
    "database_unusable",
    status=500,
    zh="数据库无法使用：{problem}。",
    en="The database cannot be used: {problem}.",
    remedy_zh="运行 chaoxin doctor 查看详情；若文件已损坏，请用 chaoxin restore 从备份恢复。",
    remedy_en="Run chaoxin doctor for details; if the file is damaged, restore a backup with chaoxin restore.",
)
INDEX_UNFINISHED = define(
    "index_unfinished",
    status=409,
    zh="还有 {waiting} 行的索引没有换成现有密钥，不能再换新的。",
    en="{waiting} rows are not indexed under the present key yet; another one is not made before.",
    remedy_zh="先用 --continue 做完。",
    remedy_en="Finish with --continue first.",
)
SCHEMA_OUTDATED = define(
    "schema_outdated",
    status=500,
    zh="数据库结构是 {found} 版，程序需要 {wanted} 版。",
    en="The database schema is at {found}, the program needs {wanted}.",
    remedy_zh="先备份，再运行 chaoxin db upgrade。",
    remedy_en="Make a backup, then run chaoxin db upgrade.",
)
NODE_NOT_INITIALISED = define(
    "node_not_initialised",
    status=500,
    zh="这个节点还没有初始化。",
    en="This node has not been initialised.",
    remedy_zh="运行 chaoxin init。",
    remedy_en="Run chaoxin init.",
)
BACKUP_UNREADABLE = define(
    "backup_unreadable",
    status=500,
    zh="备份读不出来：{problem}。",
    en="The backup cannot be read: {problem}.",
    remedy_zh="检查文件是否完整，私钥文件是否与制作备份时的公钥成对。",
    remedy_en="Check that the file is whole and that the identity belongs to the recipient it was made for.",
)
FOLDER_NOT_EMPTY = define(
    "folder_not_empty",
    status=500,
    zh="{path} 不是空目录，没有恢复。",
    en="{path} is not empty, so nothing was restored.",
    remedy_zh="请换一个空目录。",
    remedy_en="Choose an empty folder.",
)
RECIPIENT_INVALID = define(
    "recipient_invalid",
    status=500,
    zh="备份的收件公钥不对，应当以 age1 开头。",
    en="The backup's recipient is not a public key; it starts with age1.",
    remedy_zh="运行 chaoxin backup --new-identity FILE 生成一对，把私钥文件保存在别处。",
    remedy_en="Run chaoxin backup --new-identity FILE to make a pair, and keep the identity file elsewhere.",
)
WARNING_STANDS = define(
    "warning_stands",
    status=409,
    zh="没有执行，因为有一条警告（{warning}）：{text_zh}",
    en="Nothing was done because of a warning ({warning}): {text_en}",
    remedy_zh="确认无碍后加上 --override {warning} 再执行。",
    remedy_en="If that is intended, add --override {warning}.",
)
FORM_EXPIRED = define(
    "form_expired",
    status=403,
    zh="这个页面已经过期，或不是从本站打开的，所以没有提交。",
    en="This page has expired or was not opened from this site, so nothing was submitted.",
    remedy_zh="请回到上一页刷新后再试一次；浏览器需要允许本站的 Cookie。",
    remedy_en="Go back, reload the page and try once more; the browser must accept this site's cookies.",
)
FORM_OF_ANOTHER = define(
    "form_of_another",
    status=403,
    zh="这个页面是用另一个账号打开的，所以没有提交。",
    en="This page was opened by another account, so nothing was submitted.",
    remedy_zh="请刷新页面，看清右上角的姓名以后再做一次；要换账号，请先退出。",
    remedy_en="Reload the page, look whose name stands at the top, and do it again; to change accounts, log out first.",
)
NOT_FOUND = define(
    "not_found",
    status=404,
    zh="没有找到这个页面。",
    en="There is no such page.",
    remedy_zh="请检查网址，或从首页重新进入。",
    remedy_en="Check the address or start from the home page.",
)
METHOD_NOT_ALLOWED = define(
    "method_not_allowed",
    status=405,
    zh="这个地址不接受这种请求。",
    en="This address does not take this kind of request.",
    remedy_zh="请从页面上的按钮或链接进入。",
    remedy_en="Use the buttons and links of the page.",
)
TOO_LARGE = define(
    "too_large",
    status=413,
    zh="提交的内容太大。",
    en="What was sent is too large.",
    remedy_zh="请减小文件后再提交。",
    remedy_en="Send a smaller file.",
)
FLOODED = define(
    "flooded",
    status=429,
    zh="来自这个网络地址的请求太多，请约{seconds}秒后再试。",
    en="Too many requests came from this network address; try again in about {seconds} seconds.",
    remedy_zh="稍后刷新页面即可；单位共用一个网络出口时，请错开办理。",
    remedy_en="Reload the page a little later; where an office shares one address, take turns.",
)
BAD_REQUEST = define(
    "bad_request",
    status=400,
    zh="请求的格式不对。",
    en="The request is not well formed.",
    remedy_zh="请刷新页面后再试。",
    remedy_en="Reload the page and try again.",
)
INTERNAL = define(
    "internal",
    status=500,
    zh="系统出错了，错误编号 {incident}。您的数据没有改动。",
    en="Something went wrong on our side, incident {incident}. Nothing of yours was changed.",
    remedy_zh="请稍后再试；联系我们时请告知错误编号。",
    remedy_en="Try again later; quote the incident number when you contact us.",
)


def problem(error: ChaoxinError, *, instance: str) -> dict[str, object]:
    """Return ``error`` as a problem document (RFC 9457): the code as type and ``code``, both languages, the field at fault."""
    document: dict[str, object] = {
        "type": f"urn:chaoxin:error:{error.code}",
        "title": error.text.en,
        "status": error.error.status,
        "code": error.code,
        "message": error.text.as_json(),
        "remedy": error.remedy.as_json(),
        "instance": instance,
    }
    if error.field is not None:
        document["field"] = error.field
    return document
