"""Codes for files of rows that somebody hands in. Left to others: reading them (``rows``), what their columns mean (the rooms)."""

from __future__ import annotations

from kernel.errors import define

CSV_ENCODING = define(
    "csv_encoding",
    zh="文件 {file} 不是 UTF-8 编码（第 {line} 行起读不懂{guess_zh}）。",
    en="The file {file} is not UTF-8 (unreadable from line {line} on{guess_en}).",
    remedy_zh="在表格软件里另存为“CSV UTF-8”，再提交一次。",
    remedy_en="Save it as “CSV UTF-8” in the spreadsheet program and hand it in again.",
)
CSV_EMPTY = define(
    "csv_empty",
    zh="文件 {file} 是空的。",
    en="The file {file} is empty.",
    remedy_zh="第一行应为列名，之后每行一条。",
    remedy_en="The first line holds the column names, then one line each.",
)
CSV_COLUMN_MISSING = define(
    "csv_column_missing",
    zh="文件缺少列 {column}。",
    en="The file lacks the column {column}.",
    remedy_zh="第一行需有这些列：{wanted}。",
    remedy_en="The first line needs these columns: {wanted}.",
)
CSV_COLUMN_UNKNOWN = define(
    "csv_column_unknown",
    zh="文件有不认识的列 {column}。",
    en="The file has an unknown column {column}.",
    remedy_zh="删去或改名；可用的列：{wanted}。",
    remedy_en="Remove or rename it; the columns are: {wanted}.",
)
CSV_COLUMN_TWICE = define(
    "csv_column_twice",
    zh="列 {column} 出现了两次。",
    en="The column {column} is there twice.",
    remedy_zh="只留一个。",
    remedy_en="Keep one of them.",
)
CSV_TOO_MANY_ROWS = define(
    "csv_too_many_rows",
    zh="文件超过 {limit} 行。",
    en="The file has more than {limit} rows.",
    remedy_zh="分成几个文件提交。",
    remedy_en="Hand it in as several files.",
)
ROW_TOO_LARGE = define(
    "row_too_large",
    zh="这一行超过 {limit} 个字符。",
    en="This row is longer than {limit} characters.",
    remedy_zh="检查引号是否没有闭合，或某一栏粘贴了大段内容。",
    remedy_en="Look for a quotation mark that is not closed, or a column with far too much in it.",
)
ROW_WIDTH = define(
    "row_width",
    zh="这一行有 {found} 栏，应为 {wanted} 栏。",
    en="This row has {found} columns instead of {wanted}.",
    remedy_zh="检查逗号和引号；含逗号的内容要用双引号括起来。",
    remedy_en="Check commas and quotation marks; what holds a comma stands in double quotes.",
)
ROW_QUOTES = define(
    "row_quotes",
    zh="这一行的引号用错了。",
    en="The quotation marks of this row are wrong.",
    remedy_zh="含引号的内容用双引号括起来，里面的双引号写两个。",
    remedy_en="Put what holds quotation marks in double quotes and double those inside.",
)
