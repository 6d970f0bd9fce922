"""Clients of Amazon's services that give up in time: the outbox tries again, so they need not."""

from typing import Any, Literal

import boto3
from botocore.config import Config

from domain.settings import AlertSettings


def aws_client(service: Literal["sns", "cloudwatch"], settings: AlertSettings) -> Any:
    """A client with the settings' time-out and a single attempt (boto3 makes clients at run time: they have no type)."""
    once = Config(connect_timeout=settings.timeout_seconds, read_timeout=settings.timeout_seconds, retries={"total_max_attempts": 1})
    return boto3.client(service, config=once)
