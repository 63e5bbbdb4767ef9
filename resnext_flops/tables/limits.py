"""The outcome of `check`: a table for people, annotations for GitHub, JUnit's XML for other servers."""

from collections.abc import Sequence

from resnext_flops.complexity.figures import TIME, estimate_of, expression_names
from resnext_flops.proof.budgets import Check, Config
from resnext_flops.show.table import Cell, Column, Table
from resnext_flops.tables.estimates import said_of
from resnext_flops.tables.sentences import MEANING


def checked(checks: Sequence[Check], config: Config) -> Table:
    """Every limit with what the model has, pass or fail."""
    broken = sum(not check.passed for check in checks)
    return Table(
        id="check",
        title=f"The budgets of {config.path}",
        source="",
        columns=(
            Column("model", "model"),
            Column("limit", "limit"),
            Column("value", "value"),
            Column("changed", "changed\nmost", rank=1),
            Column("result", "result"),
            Column("line", "line", rank=2),
        ),
        rows=[_row(check) for check in checks],
        notes=(
            MEANING,
            *_of_times(checks),
            f"{broken} of {len(checks)} limits {'is' if broken == 1 else 'are'} broken."
            if broken
            else f"All {len(checks)} limits are kept.",
        ),
        estimated=_of_times(checks),
    )


def _of_times(checks: Sequence[Check]) -> list[str]:
    """What is said of estimated times; nothing where no limit is about one."""
    remarks = {check.model: check.remarks for check in checks if check.of_time}
    return said_of(expression_names()[TIME], remarks) if remarks else []


def _row(check: Check) -> dict[str, Cell]:
    return {
        "model": check.model,
        "limit": check.limit.text,
        "value": _value(check),
        "changed": check.changed,
        "result": "pass" if check.passed else "FAIL",
        "line": check.line,
    }


def _value(check: Check) -> Cell:
    """What is limited: its value, or several in words."""
    if len(check.quantities) > 1:
        return check.words
    (value,) = check.quantities.values()
    return value if isinstance(value, int) or check.limit.of_share else float(value)


def _message(check: Check) -> str:
    """What a broken limit is told as; of a time also that it is an estimate, and its interval."""
    return f"{check}. {estimate_of(expression_names()[TIME], check.remarks)}" if check.of_time else str(check)


def annotations(checks: Sequence[Check], config: Config) -> list[str]:
    """GitHub's workflow commands for the limits that are broken: one line each, shown beside the configuration's line.

    The characters that end a command or a property are escaped as GitHub's own toolkit does (actions/toolkit,
    packages/core/src/command.ts).
    """
    where = _escape(str(config.path), {":": "%3A", ",": "%2C"})
    return [
        f"::error file={where},line={check.line},title=Budget of {_escape(check.model, {':': '%3A', ',': '%2C'})}::"
        f"{_escape(_message(check), {})}"
        for check in checks
        if not check.passed
    ]


def _escape(text: str, more: dict[str, str]) -> str:
    for character, code in {"%": "%25", "\r": "%0D", "\n": "%0A", **more}.items():
        text = text.replace(character, code)
    return text


def junit(checks: Sequence[Check], config: Config) -> str:
    """JUnit's XML: a test case for each limit."""
    from xml.etree import ElementTree as Xml

    failures = str(sum(not check.passed for check in checks))
    counts = {"tests": str(len(checks)), "failures": failures, "errors": "0"}
    root = Xml.Element("testsuites", counts)
    suite = Xml.SubElement(root, "testsuite", {"name": "resnext-flops check", **counts})
    for check in checks:
        place = {"file": str(config.path), "line": str(check.line)}
        case = Xml.SubElement(suite, "testcase", {"classname": check.model, "name": check.limit.text, **place})
        if not check.passed:
            Xml.SubElement(case, "failure", {"message": _message(check)})
    Xml.indent(root)
    return Xml.tostring(root, encoding="unicode", xml_declaration=True) + "\n"
