"""What a browser calls itself, as people would: “Chrome · Windows”. A help for recognising one's own devices, never a proof."""

from __future__ import annotations

_BROWSERS = (
    ("MicroMessenger/", "微信"),
    ("AlipayClient/", "支付宝"),
    ("HuaweiBrowser/", "华为浏览器"),
    ("MiuiBrowser/", "小米浏览器"),
    ("QQBrowser/", "QQ浏览器"),
    ("UCBrowser/", "UC浏览器"),
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
"""In the order in which they are looked for: most say that they are Chrome and Safari as well."""

_SYSTEMS = (
    ("OpenHarmony", "HarmonyOS"),
    ("HarmonyOS", "HarmonyOS"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "Mac"),
    ("Linux", "Linux"),
)
_MAX = 40


def device_name(agent: str) -> str:
    """Return the browser and system that a User-Agent names; its beginning when it names neither, empty for an empty one."""
    found = [next((name for mark, name in table if mark in agent), None) for table in (_BROWSERS, _SYSTEMS)]
    named = [name for name in found if name is not None]
    return " · ".join(named) if named else agent[:_MAX]
