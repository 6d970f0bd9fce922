"""Who plays in a backtest: policies, objectives, forecasters and the parts taken out, each under a name of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from assets.replay.forecasts import CHAMPION, check_forecaster
from assets.replay.terms import HINDSIGHT, RECORDED, Play, check_objective, policy_named
from domain.errors import UsageError
from domain.settings import Settings


@dataclass(frozen=True)
class Contestant:
    """A way to play, and whose forecasts it sees."""

    play: Play
    forecaster: str = CHAMPION


BENCHMARK_FORECASTER = "last_52_weeks"
"""The strongest simple forecaster on the panels of docs/reference/forecast_accuracy.md."""

POLICY_CONTEST: Mapping[str, Contestant] = {
    "look_ahead": Contestant(Play("look_ahead", "mean")),
    "look_ahead p75": Contestant(Play("look_ahead", "p75")),
    "extended": Contestant(Play("extended", "mean")),
    "extended_on_hand": Contestant(Play("extended_on_hand", "mean")),
    "s_S": Contestant(Play("s_S", "mean")),
    "base_stock": Contestant(Play("base_stock", "mean")),
    "newsvendor": Contestant(Play("newsvendor", "mean")),
    "hindsight": Contestant(Play(HINDSIGHT)),
}
"""Every policy, re-optimised weekly."""

FULL_CONTEST: Mapping[str, Contestant] = {
    RECORDED: Contestant(Play(RECORDED)),
    "look_ahead": Contestant(Play("look_ahead", "mean")),
    "look_ahead p75": Contestant(Play("look_ahead", "p75")),
    "look_ahead cvar75": Contestant(Play("look_ahead", "cvar75")),
    "extended": Contestant(Play("extended", "mean")),
    "extended_on_hand": Contestant(Play("extended_on_hand", "mean")),
    "s_S": Contestant(Play("s_S", "mean")),
    "base_stock": Contestant(Play("base_stock", "mean")),
    "newsvendor": Contestant(Play("newsvendor", "mean")),
    "look_ahead, simple forecast": Contestant(Play("look_ahead", "mean"), BENCHMARK_FORECASTER),
    "look_ahead, point forecast": Contestant(Play("look_ahead", "mean", as_point=True)),
    "look_ahead, independent weeks": Contestant(Play("look_ahead", "mean", weeks_are_independent=True)),
    "one-shot extended": Contestant(Play("extended", "mean", is_one_shot=True)),
    "one-shot extended p75": Contestant(Play("extended", "p75", is_one_shot=True)),
    "one-shot extended_on_hand p75": Contestant(Play("extended_on_hand", "p75", is_one_shot=True)),
    "one-shot extended, point forecast": Contestant(Play("extended", "mean", is_one_shot=True, as_point=True)),
    "one-shot extended p75, point forecast": Contestant(Play("extended", "p75", is_one_shot=True, as_point=True)),
    "one-shot extended, independent weeks": Contestant(Play("extended", "mean", is_one_shot=True, weeks_are_independent=True)),
    "one-shot extended, simple forecast": Contestant(Play("extended", "mean", is_one_shot=True), BENCHMARK_FORECASTER),
    "one-shot extended, no t_limit": Contestant(Play("extended_without_t_limit", "mean", is_one_shot=True)),
    "one-shot extended, no kick-start": Contestant(Play("extended_without_kick_start", "mean", is_one_shot=True)),
    "one-shot s_S": Contestant(Play("s_S", "mean", is_one_shot=True)),
    "one-shot base_stock": Contestant(Play("base_stock", "mean", is_one_shot=True)),
    "one-shot newsvendor": Contestant(Play("newsvendor", "mean", is_one_shot=True)),
    "hindsight": Contestant(Play(HINDSIGHT)),
}
"""The policies against people, and what each part is worth."""

OURS = "look_ahead"
"""The default policy among the contestants (docs/decisions/0017)."""


def crossed(policies: Sequence[str], objectives: Sequence[str], forecasters: Sequence[str]) -> dict[str, Contestant]:
    """Every policy with every objective and forecaster; people and hindsight have neither and play once.

    Raises:
        UsageError: A policy, objective or forecaster is unknown, or there is none.
    """
    for objective in objectives:
        check_objective(objective)
    found: dict[str, Contestant] = {}
    for policy in dict.fromkeys(policy_named(name) for name in policies):
        if policy in (RECORDED, HINDSIGHT):
            found[policy] = Contestant(Play(policy))
            continue
        for objective in objectives:
            for forecaster in forecasters:
                check_forecaster(forecaster)
                words = [policy, *([objective] if objective != "mean" else []), *([f"on {forecaster}"] if forecaster != CHAMPION else [])]
                found[" ".join(words)] = Contestant(Play(policy, objective), forecaster)
    if not found:
        raise UsageError(
            "nobody plays", wanted="at least one policy, objective and forecaster", remedy="Name them with --policies, --objectives, --forecasters."
        )
    return found


def configured(settings: Settings) -> dict[str, Contestant]:
    """The policy and objective that the settings have in force, under the name a ready list would give them."""
    inventory = settings.inventory
    trigger = "_on_hand" if inventory.policy == "extended" and inventory.trigger == "on_hand" else ""
    return crossed([f"{inventory.policy}{trigger}"], [inventory.objective], [CHAMPION])


def comparison_of(names: Sequence[str], *, about: str = OURS) -> tuple[str, str]:
    """The contestant a report is about and the one it is compared with: people, else the last other one, else itself.

    Args:
        names: Who plays.
        about: Whom the report is about, if he plays; else the first engine.
    """
    engines = [name for name in names if name not in (RECORDED, HINDSIGHT)]
    ours = about if about in names else (engines or list(names))[0]
    others = [name for name in engines if name != ours]
    return ours, RECORDED if RECORDED in names else (others[-1] if others else ours)
