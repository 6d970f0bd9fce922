"""What every channel is, and how one that lacks a setting says so."""

from typing import Protocol

from domain.errors import UsageError
from domain.settings import ChannelName
from quality.alerts.alert import Notification


class Channel(Protocol):
    """A way to people."""

    @property
    def name(self) -> ChannelName:
        """As in the settings; what waits for it is kept under this name."""

    def send(self, notification: Notification) -> None:
        """Hand a message over, within the settings' time-out for every wait.

        Raises:
            DeliveryError: It may not have arrived; it will be sent again with the same id.
        """


def required(value: str, *, setting: str, channel: ChannelName) -> str:
    """The value of a setting without which a channel cannot work.

    Raises:
        UsageError: It is empty.
    """
    if not value:
        raise UsageError(
            f"the alert channel {channel} is switched on, but alerts.{setting} is not set",
            wanted=f"REPLENISH_ALERTS__{setting.upper()} or the same in [alerts] of the settings file",
            remedy="Set it, or take the channel out of alerts.channels.",
        )
    return value
