"""What can go wrong when citizens register and prove who they are."""

from __future__ import annotations

from kernel.errors import define

PERSON_UNSUITABLE = define(
    "person_unsuitable",
    zh="{label_zh}不对：{problem_zh}。",
    en="{label_en} is not right: {problem_en}.",
    remedy_zh="请照身份证件上的写法改正后再提交。",
    remedy_en="Correct it to what your document says and submit it again.",
)
REGISTRATION_OVER = define(
    "registration_over",
    status=400,
    zh="这次注册已经超时，或者不是在这个浏览器中开始的。",
    en="This registration has timed out, or it was not started in this browser.",
    remedy_zh="请重新填写注册信息；验证码几分钟内有效。",
    remedy_en="Start again; a code is good for a few minutes.",
)
REGISTRATION_DONE = define(
    "registration_done",
    status=409,
    zh="这个手机号或邮箱已经注册。",
    en="This phone number or e-mail address has an account already.",
    remedy_zh="请直接登录；忘记口令时可以找回。",
    remedy_en="Log in with it; a forgotten password can be recovered.",
)
