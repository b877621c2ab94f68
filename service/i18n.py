"""Languages of the pages: Chinese first, English by choice. Which one a request gets, and how values are written in it.

The order: ``?lang=``, what this browser chose before (cookie), what the department asked for (``ui_locales``), and last
``Accept-Language``, which counts only where it asks for English and not for Chinese at all.
Left to others: the sentences (``translations/``; msgids are the Chinese ones), the switch's looks (``templates/layout.html``).
"""

from __future__ import annotations

from datetime import date, datetime

from flask import Flask, Response, g, request
from flask_babel import Babel, format_date, format_datetime, format_decimal, get_locale
from markupsafe import Markup
from werkzeug.urls import iri_to_uri
from werkzeug.datastructures import MultiDict
from urllib.parse import urlencode

from kernel.errors import Language, Text
from kernel.nodes import Node
from service.csrf import cookie_name

PARAMETER = "lang"
ZONE = "Asia/Shanghai"
_LOCALES: dict[Language, str] = {"zh": "zh_Hans_CN", "en": "en"}
_TAGS: dict[Language, str] = {"zh": "zh-CN", "en": "en"}
_NAMES: dict[Language, str] = {"zh": "中文", "en": "English"}
_YEAR = 365 * 86400
_SUGGESTED = "~"  # before a cookie's value: a department asked for it, the person did not choose
