"""From the outbox to the channels: each takes what waits for it, and none waits for another."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple

from domain.errors import DeliveryError
from quality.alerts.channels.channel import Channel
from quality.alerts.outbox import Outbox


class Delivery(NamedTuple):
    """What became of one look at one channel."""

    channel: str
    n_sent: int
    failure: str = ""
    """Why it stopped; empty = all that was due has been sent."""


def deliver(outbox: Outbox, channels: Sequence[Channel], *, clock: Callable[[], datetime]) -> list[Delivery]:
    """Send what is due through every channel; a channel that fails is left alone until the next look.

    Args:
        outbox: What waits.
        channels: Through which.
        clock: The time, UTC.
    """
    return [_deliver(outbox, channel, clock) for channel in channels]


def _deliver(outbox: Outbox, channel: Channel, clock: Callable[[], datetime]) -> Delivery:
    n_sent = 0
    while notification := outbox.claim(channel.name, now=clock()):
        try:
            channel.send(notification)
        except DeliveryError as error:
            outbox.failed(notification, reason=str(error), now=clock())
            return Delivery(channel.name, n_sent, failure=str(error))
        outbox.delivered(notification, now=clock())
        n_sent += 1
    return Delivery(channel.name, n_sent)
