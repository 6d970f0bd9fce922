"""E-mail by SMTP; the `Message-ID` is the notification's, so that a repetition is recognised as one.

A password goes over an encrypted connection only, unless a setting says that the way to the server is private.
"""

import logging
import smtplib
import ssl
from email.message import EmailMessage
from typing import Literal

from domain.errors import DeliveryError, UsageError
from domain.settings import AlertSettings
from quality.alerts.alert import Notification
from quality.alerts.channels.channel import required

_LOG = logging.getLogger(__name__)


class MailChannel:
    """Mail to all recipients.

    Raises:
        UsageError: A setting is missing, or the password would be sent in clear.
    """

    name: Literal["mail"] = "mail"

    def __init__(self, settings: AlertSettings) -> None:
        self._settings = settings
        self._host = required(settings.mail_host, setting="mail_host", channel=self.name)
        self._sender = required(settings.mail_from, setting="mail_from", channel=self.name)
        self._recipients = [required(one, setting="mail_to", channel=self.name) for one in settings.mail_to or ("",)]
        self._refuse_login_in_clear()

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

    def _refuse_login_in_clear(self) -> None:
        settings = self._settings
        if settings.mail_user and settings.mail_security == "none" and not settings.mail_login_in_clear:
            raise UsageError(
                "mail would log in over a connection without encryption, where anybody on the way reads the password",
                got='alerts.mail_security = "none" with alerts.mail_user',
                wanted='"starttls" or "tls", or no mail_user',
                remedy="Encrypt the connection. For a relay on this machine or a private network: alerts.mail_login_in_clear = true.",
            )

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
                if settings.mail_security == "none":
                    _LOG.warning("the password of %s goes to %s without encryption (alerts.mail_login_in_clear)", settings.mail_user, self._host)
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
