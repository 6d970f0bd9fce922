"""Amazon SNS: one publication per message; on a FIFO topic the notification's id makes repetitions vanish."""

from typing import Literal

from botocore.exceptions import BotoCoreError, ClientError

from domain.errors import DeliveryError
from domain.settings import AlertSettings
from quality.alerts.alert import Notification
from quality.alerts.channels.aws_client import aws_client
from quality.alerts.channels.channel import required

_LONGEST_SUBJECT = 100


class SnsChannel:
    """A topic. Credentials, region and end point are found as boto3 finds them."""

    name: Literal["sns"] = "sns"

    def __init__(self, settings: AlertSettings) -> None:
        self._settings = settings
        self._topic = required(settings.sns_topic_arn, setting="sns_topic_arn", channel=self.name)

    def send(self, notification: Notification) -> None:
        """Publish one message."""
        once = {"MessageGroupId": notification.key, "MessageDeduplicationId": notification.id} if self._topic.endswith(".fifo") else {}
        attributes = {"key": notification.key, "state": notification.state, "severity": notification.severity, "notification_id": notification.id}
        try:
            aws_client("sns", self._settings).publish(
                TopicArn=self._topic,
                Subject=notification.title.encode("ascii", "replace").decode()[:_LONGEST_SUBJECT],
                Message=notification.text(link_base=self._settings.link_base),
                MessageAttributes={name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()},
                **once,
            )
        except (BotoCoreError, ClientError) as error:
            remedy = "Check alerts.sns_topic_arn, credentials and region; the message waits in the outbox."
            raise DeliveryError("SNS has not taken a message", got=str(error), wanted="a topic we may publish to", remedy=remedy) from error
