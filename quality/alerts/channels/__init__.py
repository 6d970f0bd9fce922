"""The ways to people, one file each, all behind `channel.Channel`; `build_channels` makes those the settings name."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from domain.settings import AlertSettings, ChannelName
from quality.alerts.channels.channel import Channel
from quality.alerts.channels.cloudwatch import CloudWatchChannel
from quality.alerts.channels.file import FileChannel
from quality.alerts.channels.mail import MailChannel
from quality.alerts.channels.sns import SnsChannel
from quality.alerts.channels.webhook import WebhookChannel

__all__ = ["Channel", "build_channels"]


def build_channels(settings: AlertSettings, *, folder: str | Path) -> Sequence[Channel]:
    """The channels that are switched on, in the order of the settings.

    Args:
        settings: Which, and how to reach them.
        folder: Where the file channel writes.

    Raises:
        UsageError: A channel that is switched on lacks a setting.
    """
    makers: Mapping[ChannelName, Callable[[], Channel]] = {
        "file": lambda: FileChannel(settings, folder=folder),
        "mail": lambda: MailChannel(settings),
        "webhook": lambda: WebhookChannel(settings),
        "sns": lambda: SnsChannel(settings),
        "cloudwatch": lambda: CloudWatchChannel(settings),
    }
    return [makers[name]() for name in dict.fromkeys(settings.channels)]
