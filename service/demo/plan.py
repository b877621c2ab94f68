"""What the demo consists of: three nodes, who can log in, which systems are registered. Invented, and the same every time.

Left to others: building it (``federation``), running it (``__main__``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from idp.records import ClientAuthentication
from policies.role_models import AccountKind
from service.demo.register import Fault

DATA = Path(__file__).parent / "data"

CITY = "445100"
RAOPING = "445122"
CHAOAN = "445103"

MARKET = "114451008W15P11PMR"
SOCIAL_SECURITY = "114451006B39GGDTXW"
FIRST_PORT = 8100


@dataclass(frozen=True, slots=True)
class PlannedNode:
    """A node of the demo; ``offset`` is added to the demo's first port."""

    code: str
    name: str
    county: str | None
    offset: int


@dataclass(frozen=True, slots=True)
class PlannedAccount:
    """Somebody who can log in. Their password and TOTP secret are drawn when the demo is first built."""

    node: str
    kind: AccountKind
    username: str
    name: str
    resident_id: str | None = None
    uscc: str | None = None
    phone: str | None = None
    email: str | None = None
    address: str | None = None
    real_name_level: int = 2
    proofed_by: str | None = None
    organization: str | None = None
    department: str | None = None
    roles: tuple[str, ...] = ()
    totp: bool = False


@dataclass(frozen=True, slots=True)
class PlannedClient:
    """A department's system. ``site`` is the port offset of a real demo site, None for a client without one."""

    node: str
    client_id: str
    name: str
    task: str
    department: str
    auth_method: ClientAuthentication
    scope: str
    site: int | None = None
    grant_types: tuple[str, ...] = ("authorization_code", "refresh_token")


@dataclass(frozen=True, slots=True)
class PlannedKiosk:
    """A terminal in a service hall that shows the node's own pages."""

    node: str
    client_id: str
    name: str
    department: str
    hall: str


NODES = (
    PlannedNode(CITY, "潮州市", None, 0),
    PlannedNode(RAOPING, "饶平县", "饶平县", 1),
    PlannedNode(CHAOAN, "潮安区", "潮安区", 2),
)

REGISTER = 5
"""The port offset of the registers of population and legal persons, which all nodes ask."""

FAULTS: Mapping[str, Fault] = {
    "445102199003070019": "late",
    "445102199003070027": "wrong",
}
"""Numbers at whose mention the register misbehaves, to see what a citizen sees then."""

ACCOUNTS = (
    PlannedAccount(
        CITY,
        "citizen",
        "chenxiaochao",
        "陈晓潮",
        resident_id="445102198806123626",
        phone="+86 138 0000 0001",
        email="chenxiaochao@example.cn",
        address="广东省潮州市湘桥区太平路 1 号",
        real_name_level=4,
    ),
    PlannedAccount(
        CITY,
        "enterprise",
        "hanjiang",
        "潮州市韩江陶瓷有限公司",
        uscc="91445100MA7CHAN008",
        phone="+86 768 000 0002",
        real_name_level=3,
        organization="潮州市韩江陶瓷有限公司",
    ),
    PlannedAccount(
        CITY,
        "staff",
        "linwenshu",
        "林文书",
        real_name_level=5,
        proofed_by="counter",
        organization="潮州市市场监督管理局",
        department="行政审批科",
        roles=("clerk",),
        totp=True,
    ),
    # Two officers: what takes two, one asks for and the other agrees to.
    *(
        PlannedAccount(
            CITY,
            "staff",
            username,
            name,
            real_name_level=5,
            proofed_by="counter",
            organization="潮州市市场监督管理局",
            department="注册登记科",
            roles=("license_officer",),
            totp=True,
        )
        for username, name in (("chenjingban", "陈经办"), ("huangfuhe", "黄复核"))
    ),
    PlannedAccount(
        CITY,
        "security_admin",
        "anquan",
        "安全管理员",
        real_name_level=5,
        proofed_by="counter",
        roles=("security_admin",),
        totp=True,
    ),
    PlannedAccount(RAOPING, "citizen", "linji", "林𠮷", resident_id="445122197511034512", real_name_level=4),
    PlannedAccount(
        RAOPING,
        "security_admin",
        "anquan-raoping",
        "饶平安全管理员",
        real_name_level=5,
        proofed_by="counter",
        roles=("security_admin",),
        totp=True,
    ),
    PlannedAccount(CHAOAN, "citizen", "huangyao", "黄垚", resident_id="445103199202291283", real_name_level=4),
    PlannedAccount(
        CHAOAN,
        "security_admin",
        "anquan-chaoan",
        "潮安安全管理员",
        real_name_level=5,
        proofed_by="counter",
        roles=("security_admin",),
        totp=True,
    ),
)

CLIENTS = (
    PlannedClient(
        CITY,
        "scjg",
        "潮州市市场监督管理局",
        "企业开办、变更、年报",
        MARKET,
        "client_secret_basic",
        "openid profile phone identity organization",
        site=3,
    ),
    PlannedClient(
        CITY,
        "rsj",
        "潮州市人力资源和社会保障局",
        "社保查询、就业登记",
        SOCIAL_SECURITY,
        "client_secret_basic",
        "openid profile identity",
        site=4,
    ),
    PlannedClient(CITY, "chaozhou-app", "潮州办事手机版", "手机上办事", MARKET, "none", "openid profile phone offline_access"),
    PlannedClient(
        CITY,
        "scjg-batch",
        "市场监督管理局数据交换",
        "夜间数据交换",
        MARKET,
        "private_key_jwt",
        "openid profile identity",
        grant_types=("authorization_code", "refresh_token", "client_credentials"),
    ),
)

KIOSK = PlannedKiosk(CITY, "hall-1", "一楼自助终端", SOCIAL_SECURITY, "潮州市政务服务中心一楼")
