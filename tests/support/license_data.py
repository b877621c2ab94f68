"""A licence's data for tests: well-formed identifiers, a county's or the city's department."""

from __future__ import annotations

from datetime import date
from typing import Any

from licenses.data import LicenseData, make_identifier

CITY_ISSUER = ("潮州市市场监督管理局", "114451008W15P11PMR")
COUNTY_ISSUER = ("饶平县市场监督管理局", "11445122WBK871J86K")
TYPE_CODE = "11440000MB2D0339XY002"


def example_license(
    *,
    node: str = "445100",
    area: str | None = None,
    issuer: tuple[str, str] = CITY_ISSUER,
    number: str = "445100202600000001",
    valid_from: date = date(2026, 1, 1),
    valid_to: date | None = date(2031, 1, 1),
    status_index: int = 7,
    url: str = "http://localhost:18100",
) -> LicenseData:
    """Return what a food business permit says."""
    return LicenseData(
        type_name="食品经营许可证",
        type_code=TYPE_CODE,
        number=number,
        identifier=make_identifier(type_code=TYPE_CODE, issuer_uscc=issuer[1], number=number),
        issuer_name=issuer[0],
        issuer_uscc=issuer[1],
        area_code=area or node,
        issue_date=date(2026, 1, 1),
        holder_kind="enterprise",
        holder_name="饶平县金顺卤味食品厂",
        holder_id="91445122855JTN13AG",
        valid_from=valid_from,
        valid_to=valid_to,
        fields={"KZ_FDDBR": "邱斌伟", "KZ_JYXM": "热食类食品制售", "KZ_JYCS": "饶平县城西31路108号"},
        node_code=node,
        node_url=url,
        status_uri=url + "/licenses/status",
        status_index=status_index,
    )


def example_data(**changes: Any) -> dict[str, Any]:
    """Return the same as JSON."""
    return example_license(**changes).as_json()
