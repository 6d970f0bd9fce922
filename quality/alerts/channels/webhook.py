"""A webhook that Slack and its likes understand (`text`); the header `Idempotency-Key` is the notification's id."""

import json
from http.client import HTTPException
from typing import Literal
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from domain.errors import DeliveryError, UsageError
from domain.settings import AlertSettings
from quality.alerts.alert import Notification
from quality.alerts.channels.channel import required


class _NoRedirects(HTTPRedirectHandler):
    """A redirected POST arrives as a GET without its message: better to fail."""

    def redirect_request(self, *_: object) -> None:
        """Follow nothing; the answer 3xx is then an error."""


class WebhookChannel:
    """An HTTP POST per message. The address is a secret: errors name its host alone."""

    name: Literal["webhook"] = "webhook"

    def __init__(self, settings: AlertSettings) -> None:
        self._settings = settings
        secret = settings.webhook_url.get_secret_value() if settings.webhook_url else ""
        self._url = required(secret, setting="webhook_url", channel=self.name)
        if urlsplit(self._url).scheme not in {"http", "https"}:
            raise UsageError("alerts.webhook_url is not an address", got=urlsplit(self._url).scheme, wanted="https://…", remedy="Correct it.")

    def send(self, notification: Notification) -> None:
        """Post one message; any answer but 2xx is a failure."""
        link_base = self._settings.link_base
        body = {"text": notification.text(link_base=link_base), "replenish": notification.as_record(link_base=link_base)}
        headers = {"Content-Type": "application/json", "Idempotency-Key": notification.id}
        request = Request(self._url, data=json.dumps(body).encode(), headers=headers, method="POST")  # noqa: S310  # the scheme was checked
        try:
            with build_opener(_NoRedirects).open(request, timeout=self._settings.timeout_seconds) as answer:
                answer.read()
        except (OSError, HTTPException) as error:  # an answer that is an error is both an OSError and an open connection
            if isinstance(error, HTTPError):
                error.close()
            raise DeliveryError(
                f"the webhook at {urlsplit(self._url).hostname} has not taken a message",
                got=str(error),
                wanted="an answer 2xx",
                remedy="Check alerts.webhook_url; the message waits in the outbox.",
            ) from error
