"""How many partitions one run of a backfill covers."""

from collections.abc import Sequence

import dagster as dg

from domain.settings import OperationsSettings


def with_backfill_policy(assets: Sequence[dg.AssetsDefinition], settings: OperationsSettings) -> list[dg.AssetsDefinition]:
    """The assets, each with the same policy: a range in one run, or cut into runs of `partitions_per_run`.

    A run takes seconds to start and a partition often less to compute; small runs are for what must not be lost together.
    """
    limit = settings.partitions_per_run
    policy = dg.BackfillPolicy.single_run() if limit is None else dg.BackfillPolicy.multi_run(limit)
    return [asset.with_attributes(backfill_policy=policy) for asset in assets]
