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
NOT_CONFIRMED = define(
    "not_confirmed",
    zh="姓名和证件号码没有通过核对，等级没有改变。",
    en="Name and number were not confirmed; the level is as it was.",
    remedy_zh="请核对是否填错；无误时请用更高等级的办法证明身份，或带证件到服务窗口办理。",
    remedy_en="Check both for mistakes; if they are right, prove who you are by a higher level's way, or go to a service window with your document.",
)
NUMBER_ELSEWHERE = define(
    "number_elsewhere",
    status=409,
    zh="您的证件号码已经用于另一个同样可靠的账号，等级没有改变。",
    en="Your number belongs to another account that is as sure as this proof; the level is as it was.",
    remedy_zh="请用那个账号登录，忘记口令可以找回；或者带证件到服务窗口，把两个账号合并。",
    remedy_en="Log in to that one, or recover it; or have both made one at a service window, with your document.",
)
LEVEL_UNSUITABLE = define(
    "level_unsuitable",
    status=409,
    zh="这个账号不能这样提高实名等级。",
    en="The level of this account cannot be raised so.",
    remedy_zh="请在“实名等级”页面查看可用的办法，或带证件到服务窗口办理。",
    remedy_en="See the ways that there are on the page “real-name level”, or go to a service window with your document.",
)
CHECK_PENDING = define(
    "check_pending",
    status=409,
    zh="证件和人像还没有核验完。",
    en="Document and face have not been checked to the end.",
    remedy_zh="请回到核验页面完成，或重新开始。",
    remedy_en="Finish it on the page where it is done, or start again.",
)
CHECK_OVER = define(
    "check_over",
    status=400,
    zh="这次核验已经用过、超时，或者不是在这个浏览器中开始的。",
    en="This check was used already, has timed out, or was not started in this browser.",
    remedy_zh="请重新开始核验。",
    remedy_en="Start the check again.",
)
PURPOSE_NEEDED = define(
    "purpose_needed",
    zh="没有说明为什么要查找这个人。",
    en="It was not said why this person is looked for.",
    remedy_zh="请选择办理事项；它会记入审计日志，本人也能看到。",
    remedy_en="Choose the purpose; it is audited, and the person can see it.",
)
PERSON_NOT_FOUND = define(
    "person_not_found",
    status=404,
    zh="没有找到这个号码或代码对应的账号。",
    en="No account has this number or code.",
    remedy_zh="请输入完整的身份证号码，或请本人在“实名等级”页面重新取一个代码；没有账号的可以当场注册。",
    remedy_en="Type the whole number, or ask the person for a new code from the page “real-name level”; whoever has no account can register on the spot.",
)
WINDOW_OVER = define(
    "window_over",
    status=400,
    zh="这次办理已经超时，或者与查找时说明的事项不符。",
    en="This took too long, or is not what the person was looked for.",
    remedy_zh="请重新查找。",
    remedy_en="Look for the person again.",
)
DOCUMENT_UNSUITABLE = define(
    "shown_document_unsuitable",
    zh="这个证件不能用：种类不对、日期不对，或者已经过期。",
    en="This document will not do: of another kind, with an impossible date, or expired.",
    remedy_zh="请核对有效期限；证件过期的请先换领。",
    remedy_en="Check until when it is valid; one that has expired must be renewed first.",
)
DOCUMENT_DIFFERS = define(
    "shown_document_differs",
    status=409,
    zh="证件上的姓名或号码与账号不一致，没有作任何改动。",
    en="Name or number in the document are not the account's; nothing was changed.",
    remedy_zh="请核对是否输错；依法改名的，请以“更正姓名”为事项重新查找。",
    remedy_en="Check both for mistakes; for a name that was changed lawfully, look for the person again to correct it.",
)
NUMBER_KNOWN = define(
    "number_known",
    status=409,
    zh="这个证件号码已经有经过核实的账号，没有新开。",
    en="There is an account already for which this number was proven; no other one was opened.",
    remedy_zh="请按证件号码查找，为本人找回账号。",
    remedy_en="Look for it by the number, and recover it for the person.",
)
SELF_PROOF = define(
    "self_proof",
    status=403,
    zh="不能为自己办理。",
    en="Nobody does this for themselves.",
    remedy_zh="请同事办理。",
    remedy_en="Ask a colleague.",
)
