"""Amazon CloudWatch: the metric `AlertsFiring` per kind, and an alarm on each. A repetition repeats a level, so nothing is told twice."""

from typing import Literal

from botocore.exceptions import BotoCoreError, ClientError

from domain.errors import DeliveryError
from domain.settings import AlertSettings
from quality.alerts.alert import AlertKey, Notification, runbook_link
from quality.alerts.channels.aws_client import aws_client
from quality.alerts.channels.channel import required

METRIC = "AlertsFiring"
_PERIOD_SECONDS = 60


class CloudWatchChannel:
    """The number of alerts that fire, at every change, and alarms that hold until the next change."""

    name: Literal["cloudwatch"] = "cloudwatch"

    def __init__(self, settings: AlertSettings) -> None:
        self._settings = settings
        self._namespace = required(settings.cloudwatch_namespace, setting="cloudwatch_namespace", channel=self.name)

    def send(self, notification: Notification) -> None:
        """Put the kind's alarm in place, then the metric."""
        dimensions = [{"Name": "Key", "Value": notification.key}]
        try:
            client = aws_client("cloudwatch", self._settings)
            client.put_metric_alarm(**self._alarm(notification.key), Dimensions=dimensions)
            client.put_metric_data(
                Namespace=self._namespace,
                MetricData=[{"MetricName": METRIC, "Dimensions": dimensions, "Value": float(notification.n_firing), "Unit": "Count"}],
            )
        except (BotoCoreError, ClientError) as error:
            remedy = "Check credentials, region and the right to put metrics and alarms; the message waits in the outbox."
            raise DeliveryError("CloudWatch has not taken a metric", got=str(error), wanted="a namespace we may write to", remedy=remedy) from error

    def _alarm(self, key: AlertKey) -> dict[str, object]:
        topic = self._settings.sns_topic_arn
        return {
            "AlarmName": f"{self._namespace}-{key}",
            "AlarmDescription": f"What to do: {runbook_link(key, link_base=self._settings.link_base)}",
            "Namespace": self._namespace,
            "MetricName": METRIC,
            "Statistic": "Maximum",
            "Period": _PERIOD_SECONDS,
            "EvaluationPeriods": 1,
            "Threshold": 1.0,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "TreatMissingData": "ignore",
            "AlarmActions": [topic] if topic and self._settings.cloudwatch_alarms_notify else [],
            "OKActions": [topic] if topic and self._settings.cloudwatch_alarms_notify else [],
        }
