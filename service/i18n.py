"""Languages of the pages: Chinese first, English by choice. Which one a request gets, and how values are written in it.

The order: ``?lang=``, what the person chose before (cookie), what the department asked for (``ui_locales`` of OpenID Connect,
in the query or left in ``flask.g.ui_locales`` by a view), and last ``Accept-Language``, which counts only where it asks for
English and not for Chinese at all. A view says by ``flask.g.language_forgotten`` that what was chosen before counts no more: where the next
visitor of a kiosk begins.

Left to others: the sentences (``translations/``; msgids are the Chinese ones) and the switch's looks (``templates/layout.html``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from urllib.parse import urlencode

from babel import Locale
from babel.support import NullTranslations, Translations
from flask import Flask, Response, g, request
from flask_babel import Babel, format_date, format_datetime, format_decimal, format_timedelta, get_locale, get_translations
from markupsafe import Markup
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from kernel.errors import Language, Text
from kernel.nodes import Node

PARAMETER = "lang"
ZONE = "Asia/Shanghai"
_LOCALES: dict[Language, Locale] = {"zh": Locale.parse("zh_Hans_CN"), "en": Locale.parse("en")}
_TAGS: dict[Language, str] = {"zh": "zh-CN", "en": "en"}
_NAMES: dict[Language, str] = {"zh": "中文", "en": "English"}
_YEAR = 365 * 86400
_SUGGESTED = "department-"  # before a cookie's value: a department asked for it, the person has not chosen


@dataclass(frozen=True, slots=True)
class LanguageLink:
    """One entry of the language switch: where the same page is found in that language."""

    tag: str
    name: str
    url: str
    current: bool


def current_language() -> Language:
    """Return the language of the present request, chosen when it is first asked for."""
    found: Language | None = g.get("language")
    if found is not None:
        return found
    locale = get_locale()
    chosen: Language = "en" if locale is not None and locale.language == "en" else "zh"
    g.language = chosen
    return chosen


def usual_language(node: Node, cookies: Mapping[str, str], accept: str) -> Language:
    """Return the language of a page that nobody asks for in any: what the person chose before, or what their browser accepts."""
    return _find(cookies.get(node.cookie("lang"), "").removeprefix(_SUGGESTED)) or _accepted(accept) or "zh"


def page_headers(language: Language) -> tuple[tuple[str, str], ...]:
    """Return what a page in a language says of that."""
    return (("Content-Language", _TAGS[language]), ("Vary", "Accept-Language, Cookie"))


def in_language(text: Text) -> str:
    """Return ``text`` in the language of the present request."""
    return text.en if current_language() == "en" else text.zh


def capitalized(text: str) -> str:
    """Return words as a sentence begins: ``OCSP`` and names stay as they are."""
    return text[:1].upper() + text[1:]


def as_date(value: date | datetime | None) -> str:
    """Write a day; a moment is first brought to the city's time zone. None is an empty string."""
    if value is None:
        return ""
    return str(format_date(value, format="long" if current_language() == "zh" else "medium"))


def as_moment(value: datetime | None) -> str:
    """Write a moment to the minute in the city's time zone."""
    if value is None:
        return ""
    return str(format_datetime(value, "y年M月d日 HH:mm" if current_language() == "zh" else "MMM d, y, HH:mm"))


def as_second(value: datetime | None) -> str:
    """Write a moment to the second in the city's time zone, for logs."""
    return "" if value is None else str(format_datetime(value, "yyyy-MM-dd HH:mm:ss"))


def as_number(value: float | Decimal) -> str:
    """Write a number with the separators of the language."""
    return str(format_decimal(value))


def as_distance(value: timedelta) -> str:
    """Write how far away a moment is: “3天后”, “in 3 days”; a negative distance lies in the past."""
    return str(format_timedelta(value, add_direction=True))


def as_duration(value: timedelta) -> str:
    """Write how long something takes or lasts: “3天”, “3 days”."""
    return str(format_timedelta(value))


def language_links() -> tuple[LanguageLink, ...]:
    """Return the language switch of the present page: plain links to itself, everything else of its query kept."""
    kept = [(key, value) for key, value in request.args.items(multi=True) if key != PARAMETER]
    current = current_language()
    return tuple(
        LanguageLink(
            tag=_TAGS[language], name=name, url=f"?{urlencode([*kept, (PARAMETER, language)])}", current=language == current
        )
        for language, name in _NAMES.items()
    )


def init_app(app: Flask, node: Node) -> None:
    """Give ``app`` its languages, and its templates the filters and globals named in this module."""
    cookie = node.cookie("lang")
    Babel(app, default_locale=str(_LOCALES["zh"]), default_timezone=ZONE, locale_selector=lambda: _LOCALES[_choose(cookie)])
    # As the extension does, but looking for the request's catalogue once, not for every sentence.
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]  # what jinja2.ext.i18n adds
        gettext=lambda text: _catalogue().ugettext(text),
        ngettext=lambda one, many, number: _catalogue().ungettext(one, many, number),
        newstyle=True,
    )
    app.jinja_env.globals["_"] = _sentence
    app.jinja_env.filters.update(
        in_language=in_language,
        capitalized=capitalized,
        as_date=as_date,
        as_moment=as_moment,
        as_second=as_second,
        as_number=as_number,
        as_distance=as_distance,
        as_duration=as_duration,
    )
    app.jinja_env.globals.update(
        get_locale=get_locale, language_links=language_links, html_language=lambda: _TAGS[current_language()]
    )
    secure = node.url.startswith("https:")

    @app.after_request
    def remember(response: Response) -> Response:
        if response.mimetype != "text/html":
            return response
        chosen, suggested = _find(_asked(PARAMETER)), _suggested()
        known = request.cookies.get(cookie, "")
        if chosen is not None:
            response.set_cookie(cookie, chosen, max_age=_YEAR, httponly=True, samesite="Lax", secure=secure, path="/")
        elif known and getattr(g, "language_forgotten", False):
            response.delete_cookie(cookie, httponly=True, samesite="Lax", secure=secure, path="/")
        elif suggested is not None and (not known or known.startswith(_SUGGESTED)):
            response.set_cookie(cookie, _SUGGESTED + suggested, httponly=True, samesite="Lax", secure=secure, path="/")
        if "Location" not in response.headers:  # a page, not the way to one
            response.headers.setdefault("Content-Language", _TAGS[current_language()])
            response.vary.update(("Accept-Language", "Cookie"))
        return response


def _sentence(text: str, **values: object) -> Markup:
    """Return a template's sentence with its values escaped: what the extension's ``_`` does, by the shortest way."""
    if not values:
        return _plain(current_language(), text)
    return Markup(_catalogue().ugettext(text)) % values  # noqa: S704 - the sentences are ours


@lru_cache(maxsize=4096)
def _plain(_language: Language, text: str) -> Markup:
    """Return a sentence without values in the language of the present request; the same each time."""
    return Markup(_catalogue().ugettext(text)) % ()  # noqa: S704 - as above


def _catalogue() -> Translations | NullTranslations:
    found: Translations | NullTranslations | None = g.get("catalogue")
    if found is None:
        found = g.catalogue = get_translations()
    return found


def _choose(cookie: str) -> Language:
    """Return the language of the present request, by the order that the module's docstring gives."""
    known = "" if getattr(g, "language_forgotten", False) else request.cookies.get(cookie, "")
    kept = known.removeprefix(_SUGGESTED)
    candidates = (
        _find(_asked(PARAMETER)),
        _find(kept) if kept == known else None,
        _suggested(),
        _find(kept),
        _accepted(request.headers.get("Accept-Language", "")),
    )
    return next((language for language in candidates if language is not None), "zh")


def _find(tag: str) -> Language | None:
    """Return the language of a BCP 47 tag, or None when it is not one of ours."""
    primary = tag.strip().lower().replace("_", "-").partition("-")[0]
    return "zh" if primary == "zh" else "en" if primary == "en" else None


def _asked(name: str) -> str:
    """Return a parameter of the query; looked for first, since werkzeug makes an exception of a missing one."""
    return request.args[name] if name in request.args else ""  # noqa: SIM401


def _suggested() -> Language | None:
    """Return the first of OpenID Connect's ``ui_locales`` (Core 3.1.2.1: space-separated, best first) that we speak."""
    wanted = str(g.get("ui_locales") or _asked("ui_locales"))[:200].split()
    return next((language for language in map(_find, wanted) if language is not None), None)


@lru_cache(maxsize=256)
def _accepted(header: str) -> Language | None:
    """Return English when it is asked for and Chinese is not; whoever reads Chinese too gets the pages' first language."""
    spoken = {_find(tag) for tag in parse_accept_header(header, LanguageAccept).values()}
    return "en" if "en" in spoken and "zh" not in spoken else None
