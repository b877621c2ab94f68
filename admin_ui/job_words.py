"""What the worker's jobs are called on pages, and where to look when one fails: every job that there is, in words.

Left to others: running them and keeping what failed (the service), the error and its incident (the log).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kernel.errors import Text


@dataclass(frozen=True, slots=True)
class JobWords:
    """What a job does, and what to look at first when it cannot."""

    name: Text
    look: Text


_KEYS = Text(
    "密钥库打不开时签不了名：请运行 chaoxin doctor，看 keys 和 issuing 两项。",
    "Nothing is signed while the key store is shut: run chaoxin doctor and look at keys and issuing.",
)
_PEERS = Text(
    "请在“互信”页看是哪个节点，再与对方管理员联系。",
    "See on the page Federation which node it is, then ask its admins.",
)
_DATABASE = Text(
    "请运行 chaoxin doctor，看数据库能不能写、磁盘还有没有空间。",
    "Run chaoxin doctor: can the database be written, is there room on the disk?",
)
_CLIENTS = Text(
    "请在“退出通知”页看是哪个部门的系统，再与它的开发者联系。",
    "See on the page Logout notices which department's system it is, then ask its developers.",
)
_LICENSES = Text(
    "请看证照的审批里是否停止了签发，再查数据目录和磁盘空间。",
    "See whether issuing of licences is stopped, then look at the data folder and the room on the disk.",
)

JOBS: Mapping[str, JobWords] = {
    # The node's own certificates and lists.
    "renew_certificates": JobWords(Text("更换本节点服务的证书", "renewing the node's service certificates"), _KEYS),
    "refresh_revocation_lists": JobWords(Text("发布吊销列表", "publishing revocation lists"), _KEYS),
    "raise_expiry_alarms": JobWords(Text("提醒将要到期的证书", "telling of certificates that end soon"), _DATABASE),
    "review_issued": JobWords(Text("每晚复查签发过的证书和证照", "the nightly review of what was issued"), _KEYS),
    # Other nodes.
    "deliver_revocations": JobWords(Text("把吊销列表送到互信节点", "sending revocation lists to peers"), _PEERS),
    "synchronise_peers": JobWords(Text("取互信节点的资料", "fetching what peers publish"), _PEERS),
    "hear_of_verifications": JobWords(Text("询问其他节点验证过哪些证照", "asking peers what they verified"), _PEERS),
    "carry_on_agreements": JobWords(Text("继续办理互信协议", "carrying on agreements"), _PEERS),
    "probe_peers": JobWords(Text("从外面检查互信节点", "looking at peers from outside"), _PEERS),
    "publish_in_directory": JobWords(
        Text("把CA发布到目录", "publishing the CAs in the directory"),
        Text(
            "请用 chaoxin crosscert publish --by NAME 查看每一项，检查配置里的 [directory]。",
            "See each entry by chaoxin crosscert publish --by NAME, and check [directory] of the configuration.",
        ),
    ),
    # The audit trail and the database.
    "seal_audit": JobWords(Text("把审计记录链入哈希链", "chaining the audit trail"), _DATABASE),
    "seal_late_audit": JobWords(Text("把迟到的审计记录链入哈希链", "chaining late audit events"), _DATABASE),
    "clean_up": JobWords(Text("清除过期的会话和代码", "removing sessions and codes that are over"), _DATABASE),
    "renew_sealed": JobWords(
        Text("用新密钥重新加密个人数据", "encrypting personal data under the newest key"),
        Text(
            "请用 chaoxin keys data 查看还剩多少，再检查密钥库。",
            "See by chaoxin keys data how much is left, then look at the key store.",
        ),
    ),
    # Accounts.
    "tell_of_logouts": JobWords(Text("结束到期的登录并通知部门系统", "ending sessions and telling departments"), _CLIENTS),
    "tell_of_events": JobWords(Text("向部门系统告知账号事件", "telling departments of events"), _CLIENTS),
    "synchronise_directories": JobWords(
        Text("同步单位目录", "taking over directories of staff"),
        Text(
            "请用 chaoxin directory list 查看是哪个目录，再用 chaoxin directory test NAME 检查。",
            "See by chaoxin directory list which one it is, then examine it by chaoxin directory test NAME.",
        ),
    ),
    "check_representatives": JobWords(
        Text("核对单位的法定代表人", "asking who represents organisations"),
        Text(
            "请检查配置里的 [registers.…]，以及登记系统是否答复。",
            "Check [registers.…] of the configuration, and whether the register answers.",
        ),
    ),
    "deliver_notices": JobWords(
        Text("发送账号通知", "sending notices to people"),
        Text("请检查配置里的短信和邮件服务。", "Check the SMS and e-mail services of the configuration."),
    ),
    "close_accounts": JobWords(Text("注销到期的账号", "erasing accounts that were closed"), _DATABASE),
    # Licences.
    "carry_on_batches": JobWords(Text("继续批量签发", "carrying on files of applications"), _LICENSES),
    "issue_chunk": JobWords(Text("批量签发", "issuing a file of applications"), _LICENSES),
    "renew_archive_stamps": JobWords(
        Text("给存档证照加盖新的时间戳", "stamping archived licences again"),
        Text(
            "请运行 chaoxin doctor，看 archive 一项；日志里的 archive_stamp_failed 指明是哪一份。",
            "Run chaoxin doctor and look at archive; archive_stamp_failed in the log names the licence.",
        ),
    ),
}
"""By the job's name."""
