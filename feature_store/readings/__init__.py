"""How stock, shipments, sales and lives were read on a decision day, where the source leaves it open: rows of `stage_tables.Readings`."""

from feature_store.readings.all_readings import read_day

__all__ = ["read_day"]
