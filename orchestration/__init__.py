"""Dagster operates the platform from here: definitions, partitions, resources, jobs, schedules, checks. No asset bodies."""
