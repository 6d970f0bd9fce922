"""`replenish evaluate`: forecasts of past cutoffs against what happened, beside every simple forecaster."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from cli.terminal import JsonOption, SettingsOption, emit, parse_monday, progress
from domain.errors import UsageError

_SHOWN = ("scaled_crps", "spl", "ece", "wape", "bias")


def evaluate(
    source: Annotated[str, typer.Option(help="Folder or s3:// prefix holding the data contract's tables.")],
    cutoffs: Annotated[str, typer.Option(help="Mondays of the last weeks that may be seen, YYYY-MM-DD, separated by commas.")],
    auto_ets: Annotated[bool, typer.Option(help="Also judge statsforecast's AutoETS: 5 ms a series and cutoff, and 6 s to import.")] = True,
    settings_file: SettingsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Train, forecast and judge at past cutoffs: accuracy and calibration per cutoff and in total, against the baselines.

    Example: `replenish evaluate --source data/demo-market --cutoffs 2026-03-02,2026-06-29`
    """
    from cli.source_reading import check_cutoff, read_and_report
    from domain.settings import load_settings
    from ml.evaluation import evaluate_cutoffs, forecasters_of
    from ml.evaluation.report import evaluation_report

    settings = load_settings(settings_file)
    days = sorted({parse_monday(text.strip(), option="--cutoffs") for text in cutoffs.split(",") if text.strip()})
    if not days:
        raise UsageError(
            "--cutoffs names no cutoff", got=repr(cutoffs), wanted="Mondays separated by commas", remedy="For example --cutoffs 2026-03-02,2026-06-29."
        )
    raw = read_and_report(source, settings=settings)
    for day in days:
        check_cutoff(raw, day, option="--cutoffs")
    chosen = forecasters_of(settings, articles=raw.frames["articles"], on_progress=progress, with_library=auto_ets)
    report = evaluation_report(evaluate_cutoffs(raw.frames, days, settings=settings, forecasters=chosen, on_progress=progress))
    emit(report, "\n".join(_table(report)), as_json=as_json)


def _table(report: Mapping[str, Any]) -> list[str]:
    """A line per method, best first, for every cutoff and in total."""
    lines = []
    for title, methods in (*report["cutoffs"].items(), ("total", report["total"])):
        lines += ["", f"{title:26s}" + "".join(f"{name:>13s}" for name in _SHOWN)]
        ranked = sorted(methods.items(), key=lambda item: item[1]["scaled_crps"] if item[1]["scaled_crps"] is not None else float("inf"))
        lines += [f"  {method:24s}" + "".join(_number(figures[name]) for name in _SHOWN) for method, figures in ranked]
    best, share = report["best_baseline"], report["better_than_best_baseline"]
    verdict = "nothing to compare" if share is None else f"scaled CRPS {100 * abs(share):.1f} % {'below' if share >= 0 else 'above'} the best baseline, {best}"
    return [*lines, "", verdict]


def _number(value: float | None) -> str:
    return f"{value:13.4f}" if value is not None else f"{'–':>13s}"
