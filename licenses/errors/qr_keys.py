"""Codes for replacing the keys that sign QR codes."""

from __future__ import annotations

from kernel.errors import define

QR_KEY_PENDING = define(
    "qr_key_pending",
    status=409,
    zh="新的二维码密钥已经公布，还没有开始签名，现在不能再换。",
    en="A new key for QR codes is announced and does not sign yet; it cannot be replaced now.",
    remedy_zh="等它开始签名以后再换；看 chaoxin license qr-key list。",
    remedy_en="Wait until it signs: chaoxin license qr-key list.",
)
QR_KEY_UNKNOWN = define(
    "qr_key_unknown",
    status=404,
    zh="没有这把二维码密钥，或者它已经作废。",
    en="There is no such key for QR codes, or it is withdrawn already.",
    remedy_zh="看 chaoxin license qr-key list。",
    remedy_en="See chaoxin license qr-key list.",
)
QR_KEY_LAST = define(
    "qr_key_last",
    status=409,
    zh="这是唯一的二维码密钥，作废以后就没有密钥可用了。",
    en="This is the only key for QR codes; without it none could be signed.",
    remedy_zh="先换一把新的：chaoxin license qr-key rotate。",
    remedy_en="Make another one first: chaoxin license qr-key rotate.",
)
QR_KEY_TWO_NEEDED = define(
    "qr_key_two_needed",
    status=409,
    zh="作废密钥要两个人，您已经提出过了。",
    en="It takes two people to withdraw a key, and you have asked for it already.",
    remedy_zh="请另一名负责人运行同样的命令。",
    remedy_en="Have another one run the same command.",
)
