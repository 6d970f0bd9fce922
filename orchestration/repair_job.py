"""The job `repair`: what `replenish repair` does, for the UI. Its runs of single tables appear beside it."""

from typing import Any

import dagster as dg

from assets.partitioned import Progress
from assets.staleness import DATA_REASONS, Reason
from domain.settings import Settings
from orchestration.jobs import LOGS_TO_INSTANCE
from orchestration.run_tags import RHYTHM

REPAIR = "repair"


class RepairConfig(dg.Config):
    """What counts as a reason."""

    also_settings_code_and_undated_tables: bool = False
    """False: only rows that were restated. True: also changed settings, code, prices and merchants."""


def build_repair_job() -> Any:
    """The job (Dagster does not export its type)."""

    @dg.op(description="Make every stale partition again, stage by stage, inputs first.")
    def repair_stale_partitions(
        context: dg.OpExecutionContext, config: RepairConfig, settings: dg.ResourceParam[Settings], progress: dg.ResourceParam[Progress]
    ) -> None:
        from orchestration.repair import repair  # noqa: PLC0415  a repair builds the definitions that this job is part of

        reasons = frozenset(Reason) if config.also_settings_code_and_undated_tables else DATA_REASONS
        report = repair(settings, reasons=reasons, on_progress=progress)
        context.log.info(f"made {report.n_partitions} partitions again")
        context.add_output_metadata({table: ", ".join(partitions) for table, partitions in report.by_table.items()} or {"stale": "nothing"})

    @dg.job(
        name=REPAIR,
        description="Make again exactly the partitions that late or corrected data made stale (check `is_current`); docs/how-to/late_data.md.",
        config=LOGS_TO_INSTANCE,
        tags={RHYTHM: REPAIR},
        executor_def=dg.in_process_executor,
    )
    def repair_job() -> None:
        repair_stale_partitions()

    return repair_job
