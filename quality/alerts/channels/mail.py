"""E-mail by SMTP; the `Message-ID` is the notification's, so that a repetition is recognised as one."""

import logging
import smtplib
import ssl
from email.message import EmailMessage
from typing import Literal

from domain.errors import DeliveryError
from domain.settings import AlertSettings
from quality.alerts.alert import Notification
from quality.alerts.channels.channel import required

_LOG = logging.getLogger(__name__)


class MailChannel:
    """Mail to all recipients."""

    name: Literal["mail"] = "mail"

    def __init__(self, settings: AlertSettings) -> None:
        self._settings = settings
        self._host = required(settings.mail_host, setting="mail_host", channel=self.name)
        self._sender = required(settings.mail_from, setting="mail_from", channel=self.name)
        self._recipients = [required(one, setting="mail_to", channel=self.name) for one in settings.mail_to or ("",)]

    def send(self, notification: Notification) -> None:
        """Send one mail."""
        try:
            with self._connection() as server:
                refused = server.send_message(self._message(notification), self._sender, self._recipients)
        except (smtplib.SMTPException, OSError) as error:
            raise DeliveryError(
                f"the mail server {self._host} has not taken a message",
                got=str(error),
                wanted="an SMTP server that accepts it",
                remedy="Check alerts.mail_*; the message waits in the outbox.",
            ) from error
        for recipient, reason in refused.items():
            _LOG.warning("%s gets no alerts: %s", recipient, reason)

    def _connection(self) -> smtplib.SMTP:
        """A server that knows us; the caller closes it."""
        settings, trusted = self._settings, ssl.create_default_context()
        if settings.mail_security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(self._host, settings.mail_port, timeout=settings.timeout_seconds, context=trusted)
        else:
            server = smtplib.SMTP(self._host, settings.mail_port, timeout=settings.timeout_seconds)
        try:
            if settings.mail_security == "starttls":
                server.starttls(context=trusted)
            if settings.mail_user:
                server.login(settings.mail_user, settings.mail_password.get_secret_value() if settings.mail_password else "")
        except BaseException:
            server.close()
            raise
        return server

    def _message(self, notification: Notification) -> EmailMessage:
        message = EmailMessage()
        message["Subject"] = notification.title
        message["From"], message["To"] = self._sender, ", ".join(self._recipients)
        message["Message-ID"] = f"<{notification.id}@replenish>"
        message["X-Replenish-Key"] = notification.key
        message.set_content(notification.text(link_base=self._settings.link_base))
        return message
