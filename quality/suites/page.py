"""The pages people look at: per table what is expected, whether it is met, examples of what is not, and the trend over partitions; and an index.

Plain HTML that needs no other file and no network.
"""

import html
from collections.abc import Iterator, Mapping, Sequence

from quality.suites.contracts import contract_of
from quality.suites.findings import Finding, SuiteReport
from quality.suites.models import KEYS as MODEL_TABLES

_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; max-width: 1250px; margin: 2em auto; padding: 0 1em; color: #1c2430; background: #fff }
h1 { margin-bottom: .1em } h2 { margin-top: 1.8em } a { color: #1d5fa8 } .quiet { color: #5b6675 }
table { border-collapse: collapse; width: 100% } th { text-align: left; font-weight: 600; color: #5b6675; font-size: 13px }
th, td { padding: .35em .6em; border-bottom: 1px solid #e3e7ec; vertical-align: top } .number { text-align: right; font-variant-numeric: tabular-nums }
.badge { display: inline-block; min-width: 4.6em; text-align: center; border-radius: 3px; padding: 0 .5em; font-size: 13px; font-weight: 600 }
.passed { background: #dcf1e2; color: #135c2c } .warned { background: #fdeebf; color: #6b4a00 } .blocked { background: #f9d4d2; color: #8c1510 } .none { background: #eef1f4 }
.reports { table-layout: fixed } .reports th:nth-child(1) { width: 6.5em } .reports th:nth-child(2) { width: 17em } .reports th:nth-child(3) { width: 7em }
.reports th:nth-child(4) { width: 6em } .reports th:nth-child(5) { width: 7em }
.findings { table-layout: fixed } .findings > tbody > tr > th:nth-child(1) { width: 6.5em } .findings > tbody > tr > th:nth-child(3) { width: 9em }
.findings > tbody > tr > th:nth-child(4) { width: 15em } .findings > tbody > tr > th:nth-child(5) { width: 5.5em }
.trend td, .trend th { padding: .15em .3em; text-align: center; font-size: 12px; font-variant-numeric: tabular-nums } .trend td:first-child { text-align: left; font-size: 13px }
.examples { font-size: 13px; width: auto; margin: .4em 0 } .examples td, .examples th { padding: .1em .6em; white-space: nowrap } .scroll { overflow-x: auto }
"""
_WORDS: Mapping[str, str] = {"passed": "met", "warned": "unusual", "blocked": "broken"}
_MOST_CHARACTERS = 7


def index_page(newest: Sequence[SuiteReport]) -> str:
    """All tables with their newest report, in order of the data flow, what is not met first.

    Args:
        newest: A report per table.
    """
    counts = {state: sum(report.state == state for report in newest) for state in _WORDS}
    summary = ", ".join(f"{count} {_WORDS[state]}" for state, count in counts.items() if count)
    attention = [report for report in newest if report.state != "passed"]
    body = [
        f'<p class="quiet">{len(newest)} tables have been judged in their newest partition: {summary}. Broken = the stages below did not run; unusual = they did.</p>'
    ]
    if attention:
        body += ["<h2>What needs a look</h2>", _report_rows(attention)]
    for stage, reports in _by_stage(newest).items():
        body += [f"<h2>{html.escape(stage)}</h2>", _report_rows(reports)]
    return _page("What is expected of the data, and what was found", body)


def table_page(reports: Sequence[SuiteReport]) -> str:
    """One table: its newest report in full, and how each expectation fared before.

    Args:
        reports: Of the table, newest first; at least one.
    """
    newest = reports[0]
    shards = f"shards {newest.shards[0]} to {newest.shards[-1]}" if len(newest.shards) > 1 else f"shard {newest.shards[0]}"
    body = [
        f'<p class="quiet">{html.escape(_description(newest.table))}</p>',
        f"<p>{_badge(newest.state)} {html.escape(newest.partition)}, {shards}: {newest.n_rows:,} rows, {len(newest.findings)} expectations, {len(newest.failing)} not met.</p>",
        "<h2>Expectations</h2>",
        _finding_rows([*newest.failing, *(finding for finding in newest.findings if finding.passed)]),
        "<h2>Trend</h2>",
        _trend(reports),
        '<p><a href="../index.html">All tables</a></p>',
    ]
    return _page(newest.table, body)


def _description(table: str) -> str:
    if table in MODEL_TABLES:
        return "What the models learn from and consist of; its columns are the models' own."
    return " ".join((contract_of(table).__doc__ or "").split())


def _by_stage(reports: Sequence[SuiteReport]) -> dict[str, list[SuiteReport]]:
    stages: dict[str, list[SuiteReport]] = {}
    for report in reports:
        stages.setdefault(report.table.split("/")[0], []).append(report)
    return stages


def _report_rows(reports: Sequence[SuiteReport]) -> str:
    rows = [
        f"<tr><td>{_badge(report.state)}</td><td><a href='{report.table}.html'>{html.escape(report.table)}</a></td><td>{html.escape(report.partition)}</td>"
        f"<td class=number>{report.n_rows:,}</td><td class=number>{len(report.findings)}</td><td>{'<br>'.join(_in_short(finding) for finding in report.failing)}</td></tr>"
        for report in reports
    ]
    return f"<table class=reports><tr><th></th><th>table</th><th>partition</th><th class=number>rows</th><th class=number>expectations</th><th>not met</th></tr>{''.join(rows)}</table>"


def _in_short(finding: Finding) -> str:
    return html.escape(f"{finding.name}: {finding.got}")


def _finding_rows(findings: Sequence[Finding]) -> str:
    rows = [
        f"<tr><td>{_badge(finding.state)}</td><td><b>{html.escape(finding.name)}</b><br><span class=quiet>{html.escape(finding.description)}</span></td>"
        f"<td>{html.escape(finding.wanted)}</td><td>{html.escape(finding.got)}</td><td>{'blocks' if finding.is_blocking else 'warns'}</td></tr>{_examples(finding)}"
        for finding in findings
    ]
    return f"<table class=findings><tr><th></th><th>expectation</th><th>wanted</th><th>found</th><th>if not met</th></tr>{''.join(rows)}</table>"


def _examples(finding: Finding) -> str:
    if not finding.examples:
        return ""
    names = list(finding.examples[0])
    head = "".join(f"<th>{html.escape(name)}</th>" for name in names)
    rows = "".join("<tr>" + "".join(f"<td>{html.escape(row[name])}</td>" for name in names) + "</tr>" for row in finding.examples)
    return (
        f"<tr><td></td><td colspan=4><span class=quiet>for example</span><div class=scroll><table class=examples><tr>{head}</tr>{rows}</table></div></td></tr>"
    )


def _trend(reports: Sequence[SuiteReport]) -> str:
    """Expectations down, partitions across, oldest first: figures, rows in breach, or a colour alone."""
    shown = list(reversed(reports))
    head = "".join(f"<th>{html.escape(report.partition.removeprefix('20'))}{_partial(report, shown)}</th>" for report in shown)
    rows_row = "<tr><td>rows</td>" + "".join(f"<td>{_short_number(report.n_rows)}</td>" for report in shown) + "</tr>"
    rows = "".join(_trend_row(name, shown) for name in _names(shown))
    return f"<div class=scroll><table class=trend><tr><th></th>{head}</tr>{rows_row}{rows}</table></div>"


def _partial(report: SuiteReport, shown: Sequence[SuiteReport]) -> str:
    """Says where a report is about fewer shards than others."""
    return "" if len(report.shards) == max(len(other.shards) for other in shown) else f"<br>{len(report.shards)} of the shards"


def _names(reports: Sequence[SuiteReport]) -> Iterator[str]:
    """Names of expectations as the newest report orders them, then those it no longer has."""
    yield from dict.fromkeys(finding.name for report in reversed(reports) for finding in report.findings)


def _trend_row(name: str, reports: Sequence[SuiteReport]) -> str:
    found = ({finding.name: finding for finding in report.findings}.get(name) for report in reports)
    return f"<tr><td>{html.escape(name)}</td>{''.join(_trend_cell(finding) for finding in found)}</tr>"


def _trend_cell(finding: Finding | None) -> str:
    if finding is None:
        return '<td class="none"></td>'
    text = f"{finding.value:.3g}" if finding.value is not None else f"{_short_number(finding.n_breaches)}" if finding.n_breaches else ""
    return f'<td class="{finding.state}" title="{html.escape(finding.got)}">{text}</td>'


def _short_number(number: int) -> str:
    text = f"{number:,}"
    return text if len(text) <= _MOST_CHARACTERS else f"{number / 1e6:.3g} M"


def _badge(state: str) -> str:
    return f'<span class="badge {state}">{_WORDS[state]}</span>'


def _page(title: str, body: Sequence[str]) -> str:
    text = "\n".join(body)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title><style>{_STYLE}</style></head>\n'
        f"<body><h1>{html.escape(title)}</h1>\n{text}\n</body></html>\n"
    )
