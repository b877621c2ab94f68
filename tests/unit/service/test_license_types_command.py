"""``chaoxin license add-type``: a type comes into a node that runs, and only a sound one, whose page can be printed."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from kernel.clock import FixedClock, SystemClock
from kernel.errors import ChaoxinError, Refusal
from licenses import issue
from licenses.applications import check_application
from policies.in_force import Looked, PoliciesInForce
from service.cli import cli
from service.config import load_config
from service.wiring import Services
from tests.support.issuing import rules_of
from tests.support.license_node import license_node
from tests.unit.licenses.test_catalogue import CODE, DOG, ROW
from tests.unit.service.test_typesetting import register


def add_type(config: Path, file: Path, *more: str) -> Result:
    return CliRunner().invoke(cli, ["--config", str(config), "license", "add-type", str(file), *more])


def refused(result: Result) -> str:
    assert isinstance(result.exception, ChaoxinError), result.output
    return result.exception.code


def test_a_type_is_added_to_a_node_that_runs_and_issued_by_it(tmp_path: Path) -> None:
    with license_node(tmp_path / "node", 18775):
        pass
    config, file = tmp_path / "node" / "chaoxin.toml", tmp_path / "dog.toml"
    file.write_text(DOG, encoding="utf-8")
    assert refused(add_type(config, file, "--yes")) == "template_no_folder"
    types = tmp_path / "node" / "policies" / "license-types"
    types.mkdir(parents=True)
    config.write_text(config.read_text(encoding="utf-8") + '\n[policies]\ndirectory = "policies"\n', encoding="utf-8")
    later, seconds, heard = FixedClock(SystemClock().now() + timedelta(hours=1)), [0.0], list[Looked]()
    with Services(load_config(config)) as running:
        running.__dict__["in_force"] = PoliciesInForce(types.parent, later, heard.append, lambda: seconds[0])
        with pytest.raises(Refusal, match="unknown_type"):
            check_application(ROW, rules_of(running.licenses))
        # Looked at first: a wrong one and one without a page are refused, and a dry run writes nothing.
        for wrong, code in (('kind = "text"', "policy_wrong_value"), ('template = "card"', "template_not_there")):
            file.write_text(DOG.replace(wrong, wrong[:-2] + '1"'), encoding="utf-8")
            assert refused(add_type(config, file, "--yes")) == code
        file.write_text(DOG, encoding="utf-8")
        assert add_type(config, file).exit_code == 0
        assert list(types.iterdir()) == []
        assert add_type(config, file, "--yes").exit_code == 0
        assert refused(add_type(config, file, "--yes")) == "policy_contradiction"
        # The process that was there before issues it.
        seconds[0] += 1
        register(running)
        record = issue.issue(running.licenses, check_application(ROW, rules_of(running.licenses)), actor="operator:test").record
    assert (record.type_code, [one.code for one in heard[0].added]) == (CODE, [CODE])
