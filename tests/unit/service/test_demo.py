"""The demo is not rebuilt where its certificates, licences and clients name other addresses."""

from __future__ import annotations

from pathlib import Path

import pytest

from kernel.errors import Misuse
from service.cli.init import configuration, write_new_files
from service.demo.addresses import check_unmoved
from service.demo.federation import Demo
from service.demo.plan import NODES


def test_other_ports_than_those_it_was_built_for_are_refused_by_name(tmp_path: Path) -> None:
    node = NODES[-1]
    options = {"code": node.code, "name": node.name, "url": "http://localhost:9000", "province": "广东省", "city": "潮州市"}
    port: dict[str, str | int | None] = {"port": 9000 + node.offset, "database": "sqlite:///node.sqlite", "county": node.county}
    write_new_files(tmp_path / node.code, configuration(port | options))
    check_unmoved(Demo(tmp_path, 9000))
    with pytest.raises(Misuse) as refused:
        check_unmoved(Demo(tmp_path, 9100))
    assert refused.value.code == "demo_elsewhere"
    assert "9000" in refused.value.text.en
