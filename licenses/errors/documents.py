"""Codes for what was issued: a licence's data and document, the log, the status list; and for asking whether one is genuine."""

from __future__ import annotations

from kernel.errors import define

# What came out of a licence: its data, the log, the status list

DATA_INVALID = define(
    "data_invalid",
    zh="证照数据读不懂：{problem}。",
    en="The licence's data cannot be read: {problem}.",
    remedy_zh="请使用签发时的原文件。",
    remedy_en="Use the file as it was issued.",
)
PROOF_INVALID = define(
    "proof_invalid",
    zh="日志的证明不成立：{problem}。",
    en="The log's proof does not hold: {problem}.",
    remedy_zh="向发证节点索取新的回执；仍不成立请报告管理员。",
    remedy_en="Ask the issuing node for a new receipt; if that fails too, tell its administrators.",
)
CHECKPOINT_INVALID = define(
    "checkpoint_invalid",
    zh="日志的检查点不成立：{problem}。",
    en="The log's checkpoint does not hold: {problem}.",
    remedy_zh="重新获取检查点；仍不成立请报告管理员。",
    remedy_en="Fetch the checkpoint again; if it still fails, tell the administrators.",
)
LOG_TILE_UNKNOWN = define(
    "log_tile_unknown",
    status=404,
    zh="日志里没有这一块。",
    en="The log has no such tile.",
    remedy_zh="先取检查点，按其中的大小计算地址（C2SP tlog-tiles）。",
    remedy_en="Fetch the checkpoint first and reckon addresses by its size (C2SP tlog-tiles).",
)
STATUS_LIST_INVALID = define(
    "status_list_invalid",
    zh="状态列表读不懂：{problem}。",
    en="The status list cannot be read: {problem}.",
    remedy_zh="重新获取状态列表；仍不成立请报告管理员。",
    remedy_en="Fetch the status list again; if it still fails, tell the administrators.",
)

# Verifying: what was handed in

DOCUMENT_MISSING = define(
    "document_missing",
    status=400,
    zh="没有收到要验证的文件。",
    en="No file to verify was received.",
    remedy_zh="选择证照的 PDF 文件；用接口时放在 multipart 的 file 一栏，或直接作为 application/pdf 提交。",
    remedy_en="Choose the licence's PDF; by API send it as the multipart field file, or as an application/pdf body.",
)
DOCUMENT_NO_PDF = define(
    "document_no_pdf",
    status=415,
    zh="这不是 PDF 文件。",
    en="This is not a PDF file.",
    remedy_zh="请提交签发时的 PDF 原文件；照片、截图和扫描件不能验证。",
    remedy_en="Hand in the PDF as it was issued; photographs, screenshots and scans cannot be verified.",
)
DOCUMENT_TOO_LARGE = define(
    "document_too_large",
    status=413,
    zh="文件超过 {limit_mib} MiB，没有接收。",
    en="The file is larger than {limit_mib} MiB and was not taken.",
    remedy_zh="请提交签发时的原文件；它通常不到 1 MiB。",
    remedy_en="Hand in the file as it was issued; it is usually smaller than 1 MiB.",
)
DOCUMENT_UNREADABLE = define(
    "document_unreadable",
    zh="这个 PDF 读不懂：{problem_zh}。",
    en="This PDF cannot be read: {problem_en}.",
    remedy_zh="请重新下载或索取签发时的原文件，不要经过编辑、打印或转换。",
    remedy_en="Download it again or ask for the file as it was issued, not edited, printed or converted.",
)
DOCUMENT_TOO_COSTLY = define(
    "document_too_costly",
    zh="读这个文件要用的时间或内存远多于任何证照，没有读完。",
    en="Reading this file takes far more time or memory than any licence does; it was given up.",
    remedy_zh="请提交签发时的 PDF 原文件，不要经过编辑、打印或转换。",
    remedy_en="Hand in the PDF as it was issued, not edited, printed or converted.",
)
DOCUMENT_MANY_SIGNATURES = define(
    "document_many_signatures",
    zh="这个文件上有 {limit} 个以上的签名，没有逐个核验。",
    en="This file bears more than {limit} signatures; they were not looked at one by one.",
    remedy_zh="请向出具文件的人索取签名较少的文件，或请他们分别核验。",
    remedy_en="Ask whoever made the file for one with fewer signatures.",
)
VERIFICATION_BUSY = define(
    "verification_busy",
    status=503,
    zh="正在核验的文件太多，或者您的网络地址正在核验的文件太多。",
    en="Too many files are being looked at, in all or of your network address.",
    remedy_zh="请过 {seconds} 秒再提交。",
    remedy_en="Hand it in again in {seconds} seconds.",
)
ZIP_UNREADABLE = define(
    "zip_unreadable",
    zh="这个 ZIP 文件读不懂。",
    en="This zip file cannot be read.",
    remedy_zh="请用普通的 ZIP 格式重新打包（不用 ZIP64、不分卷、不加密）。",
    remedy_en="Make an ordinary zip file again: no ZIP64, in one piece, without a password.",
)
ENTRY_UNREADABLE = define(
    "entry_unreadable",
    zh="ZIP 里的这个文件打不开。",
    en="This file in the zip cannot be opened.",
    remedy_zh="请检查它是否损坏或加了密码，重新打包。",
    remedy_en="See whether it is damaged or has a password, and pack it again.",
)
BATCH_TOO_MANY = define(
    "batch_too_many",
    status=413,
    zh="一次最多验证 {limit} 份文件。",
    en="At most {limit} files are verified at once.",
    remedy_zh="请分成几批提交。",
    remedy_en="Hand them in in several batches.",
)
BATCH_TOO_LARGE = define(
    "batch_too_large",
    status=413,
    zh="一批文件总共不能超过 {limit_mib} MiB。",
    en="The files of a batch have at most {limit_mib} MiB together.",
    remedy_zh="请分成几批提交。",
    remedy_en="Hand them in in several batches.",
)
BATCH_GIVEN_UP = define(
    "batch_given_up",
    zh="这一批里读不完的文件太多，其余的没有再看。",
    en="Too many files of this batch could not be read to their end; the others were not looked at.",
    remedy_zh="请去掉不是证照的文件，再提交其余的。",
    remedy_en="Take out what is no licence and hand in the others again.",
)
EVIDENCE_MISSING = define(
    "evidence_missing",
    zh="这份文件没有受信任的签章，没有可以交付的证据。",
    en="This file bears no seal of anybody trusted, so there is no evidence to hand out.",
    remedy_zh="请看验证结果说明的原因。",
    remedy_en="See the reasons in the result of the verification.",
)
EVIDENCE_TOO_LARGE = define(
    "evidence_too_large",
    status=413,
    zh="这份文件大、签名多，证据包要装的内容超过 {limit_mib} MiB。",
    en="This file is large and was signed often: its evidence would have more than {limit_mib} MiB.",
    remedy_zh="请改取签名的报告；每个签名的结论都在里面。",
    remedy_en="Take the signed report instead; it has what was found of every signature.",
)
STATEMENT_OTHER_FILE = define(
    "statement_other_file",
    zh="这份验证报告说的是另一个文件。",
    en="This report is about another file.",
    remedy_zh="请用报告里写的那个文件（SHA-256 相同）来核对。",
    remedy_en="Compare it with the file that it names by its SHA-256.",
)
TOO_MANY_VERIFICATIONS = define(
    "too_many_verifications",
    status=429,
    zh="您的网络地址在一分钟内提交得太多。",
    en="Too many files came from your network address within a minute.",
    remedy_zh="请等待 {seconds} 秒后再提交；部门批量验证请用命令行。",
    remedy_en="Wait {seconds} seconds and try again; departments that verify many files use the command line.",
)
QR_INVALID = define(
    "qr_invalid",
    zh="二维码的内容不是本系统的证照二维码。",
    en="What the QR code says is no licence code of this system.",
    remedy_zh="请重新扫描证照上的二维码，避免反光和遮挡；也可以上传证照文件核验。",
    remedy_en="Scan the code on the licence again without glare; or upload the licence's file.",
)
QR_NODE_UNKNOWN = define(
    "qr_node_unknown",
    zh="二维码属于本节点不认识的节点，或者还没有取到它的状态列表。",
    en="The code is of a node that is not known here, or whose status list has not been fetched yet.",
    remedy_zh="请到二维码所写网址的节点核验，或稍后再试。",
    remedy_en="Ask the node whose address the code holds, or try again later.",
)
QR_LIST_ELSEWHERE = define(
    "qr_list_elsewhere",
    zh="状态列表是 {node} 的，不是二维码所写节点的。",
    en="The status list is that of {node}, not of the node that the code names.",
    remedy_zh="请取发证节点的状态列表（网址后加 /licenses/status）。",
    remedy_en="Fetch the status list of the issuing node, below its address at /licenses/status.",
)
QR_LIST_UNTRUSTED = define(
    "qr_list_untrusted",
    zh="状态列表的签名人没有从所给信任锚出发的路径。",
    en="The status list's signer has no path from the anchor that was given.",
    remedy_zh="请核对信任锚；跨节点时用 --certs 给出交叉证书。",
    remedy_en="Check the anchor; for another node's list give the cross-certificate by --certs.",
)
QR_PICTURE_TOO_LARGE = define(
    "qr_picture_too_large",
    status=413,
    zh="图片太大，没有接收。",
    en="The picture is too large and was not taken.",
    remedy_zh="请缩小图片，或只截取二维码的部分（不超过 12 MiB、5000 万像素）。",
    remedy_en="Make it smaller, or cut out the code (up to 12 MiB and 50 million pixels).",
)
QR_PICTURE_UNREADABLE = define(
    "qr_picture_unreadable",
    status=422,
    zh="图片里没有读到唯一的二维码。",
    en="No single QR code could be read in the picture.",
    remedy_zh="请使用 PNG、JPEG 或 WebP 图片，拍清楚一个二维码，避免反光和遮挡。",
    remedy_en="Use a PNG, JPEG or WebP picture that shows one code clearly, without glare.",
)
STATUS_OVERTAKEN = define(
    "status_overtaken",
    status=409,
    zh="这份证照的状态刚被别人改过。",
    en="Somebody else has just changed this licence's status.",
    remedy_zh="查看现在的状态，再决定是否修改。",
    remedy_en="Look at its present status and decide again.",
)
REPORT_UNREADABLE = define(
    "report_unreadable",
    zh="文件里的验证报告数据读不懂。",
    en="The report's data in the file cannot be read.",
    remedy_zh="请向出具报告的节点索取原文件。",
    remedy_en="Ask the node that made the report for the original file.",
)
REPORT_ELSEWHERE = define(
    "report_elsewhere",
    zh="这份结论不是本节点签名的，不能由本节点制成报告。",
    en="This result was not signed by this node, which makes reports of its own results only.",
    remedy_zh="请在本节点重新验证文件，再下载报告。",
    remedy_en="Verify the file here again and download the report then.",
)
NUMBER_ELSEWHERE = define(
    "license_number_elsewhere",
    status=404,
    zh="本节点没有编号和核验码都相符的证照。从编号看，它是 {node} 的（区划代码 {area}）。",
    en="This node has no licence with this number and this check code. By its number it is of {node} (area code {area}).",
    remedy_zh="请照纸面核对编号和核验码，再到那个节点核验：{url}。",
    remedy_en="Compare number and check code with the paper, and ask that node: {url}.",
)
NUMBER_UNKNOWN = define(
    "number_unknown",
    status=404,
    zh="本节点没有编号和核验码都相符的证照。",
    en="This node has no licence with this number and this check code.",
    remedy_zh="请照纸面核对编号和核验码；其他节点签发的证照请到证照上所写的网址核验。",
    remedy_en="Compare number and check code with the paper; for a licence of another node use the address printed on it.",
)
