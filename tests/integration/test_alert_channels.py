"""Every channel against a real server: what arrives, what a refusal means, what is kept secret."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from domain.errors import DeliveryError, UsageError
from domain.settings import AlertSettings, ChannelName, Settings, load_settings
from quality.alerts.alert import Alert, Notification, grouped
from quality.alerts.channels import build_channels
from quality.alerts.delivery import deliver
from quality.alerts.outbox import Outbox
from tests.alert_servers import HttpReceiver, SmtpServer, serving

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
FIRING = Alert("run_failed", "weekly_forecast", "2026-11-16", "größer als erlaubt: no space left on device")
NOTIFICATION = Notification("0123abcd", (grouped([FIRING]), grouped([FIRING._replace(subject="ingest", severity="warning")])), 2)


@pytest.fixture
def http() -> Iterator[HttpReceiver]:
    with serving(HttpReceiver()) as server:
        yield server


@pytest.fixture
def smtp() -> Iterator[SmtpServer]:
    with serving(SmtpServer()) as server:
        yield server


def send(channel: ChannelName, **settings: Any) -> None:
    (built,) = build_channels(AlertSettings(channels=(channel,), link_base="https://example.org/", **settings), folder=".")
    built.send(NOTIFICATION)


def mail_settings(server: SmtpServer, **more: Any) -> dict[str, Any]:
    return {"mail_host": "127.0.0.1", "mail_port": server.port, "mail_security": "none", "mail_from": "r@example.org", "mail_to": ("a@x.org", "b@x.org")} | more


def test_a_mail_says_all_and_has_the_notifications_id(smtp: SmtpServer) -> None:
    send("mail", **(mail_settings(smtp) | {"mail_user": "replenish", "mail_password": "hidden", "mail_login_in_clear": True}))
    ((recipients, mail),) = smtp.mails
    assert recipients == ["a@x.org", "b@x.org"]
    assert mail["Subject"] == "[ERROR] Run failed: weekly_forecast and 1 more"
    assert mail["Message-ID"] == "<0123abcd@replenish>"
    text = mail.get_payload(decode=True)
    assert isinstance(text, bytes)
    assert "- weekly_forecast (2026-11-16): größer als erlaubt" in text.decode()
    assert "https://example.org/docs/how-to/alerts.md#run_failed" in text.decode()
    assert len(smtp.logins) == 1


def test_a_mail_server_that_is_closed_or_knows_nobody_has_not_taken_it(smtp: SmtpServer) -> None:
    smtp.refused = {"a@x.org"}
    send("mail", **mail_settings(smtp))
    assert [recipients for recipients, _ in smtp.mails] == [["b@x.org"]]
    smtp.refused = {"a@x.org", "b@x.org"}
    with pytest.raises(DeliveryError, match="has not taken"):
        send("mail", **mail_settings(smtp))
    smtp.is_down = True
    with pytest.raises(DeliveryError, match="421"):
        send("mail", **mail_settings(smtp))


def test_a_server_without_encryption_is_refused_where_it_is_asked_for(smtp: SmtpServer) -> None:
    with pytest.raises(DeliveryError, match="STARTTLS"):
        send("mail", **mail_settings(smtp, mail_security="starttls"))
    assert smtp.mails == []


def test_a_login_without_encryption_is_refused_unless_a_setting_allows_it(smtp: SmtpServer, caplog: pytest.LogCaptureFixture) -> None:
    login = mail_settings(smtp) | {"mail_user": "replenish", "mail_password": "hidden"}
    with pytest.raises(UsageError, match="without encryption") as refused:
        send("mail", **login)
    assert (smtp.logins, "hidden" in str(refused.value)) == ([], False)
    send("mail", **login, mail_login_in_clear=True)
    assert (len(smtp.logins), len(smtp.mails)) == (1, 1)
    assert "without encryption" in caplog.text
    assert "hidden" not in caplog.text
    with pytest.raises(DeliveryError, match="STARTTLS"):  # the server has none: the password is not sent
        send("mail", **login | {"mail_security": "starttls"})
    assert len(smtp.logins) == 1


def test_a_webhook_gets_text_and_record(http: HttpReceiver) -> None:
    send("webhook", webhook_url=http.url)
    (post,) = http.posts
    body = json.loads(post.body)
    assert body["text"].startswith("[ERROR] Run failed: weekly_forecast and 1 more")
    one = {"subject": "ingest", "partition": "2026-11-16", "severity": "warning", "evidence": FIRING.evidence}
    assert body["replenish"]["alerts"][1] == one | {"n_partitions": 1, "worst": [one]}
    assert post.headers["Idempotency-Key"] == body["replenish"]["id"] == "0123abcd"


@pytest.mark.parametrize("status", [302, 400, 429, 500])
def test_any_other_answer_is_a_failure_that_keeps_the_address_secret(http: HttpReceiver, status: int) -> None:
    http.status = status
    with pytest.raises(DeliveryError) as failed:
        send("webhook", webhook_url=http.url)
    assert str(status) in str(failed.value)
    assert "secret-token" not in str(failed.value)


def test_a_receiver_that_was_down_gets_every_message_once_and_in_order(http: HttpReceiver, smtp: SmtpServer, tmp_path: Path) -> None:
    settings = AlertSettings(channels=("webhook", "mail"), webhook_url=http.url, **mail_settings(smtp))
    outbox, channels = Outbox(tmp_path), build_channels(settings, folder=tmp_path)
    http.status = 503
    for minute, alert in enumerate([FIRING, FIRING, FIRING._replace(state="resolved"), FIRING._replace(state="resolved")]):
        outbox.record([alert], channels=settings.channels, now=NOW)
        deliver(outbox, channels, clock=lambda minute=minute: NOW + timedelta(minutes=minute))  # type: ignore[misc]
    assert (outbox.n_waiting("webhook"), outbox.n_waiting("mail")) == (2, 0)
    http.status = 200
    for hour in (1, 2):
        deliver(outbox, channels, clock=lambda hour=hour: NOW + timedelta(hours=hour))  # type: ignore[misc]
    assert [json.loads(post.body)["replenish"]["state"] for post in http.posts] == ["firing", "resolved"]
    assert [mail["Subject"].split()[0] for _, mail in smtp.mails] == ["[ERROR]", "[RESOLVED]"]


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    environment = {"AWS_ENDPOINT_URL": f"http://{host}:{port}", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "eu-west-1"}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    yield environment["AWS_ENDPOINT_URL"]
    server.stop()


def test_sns_and_cloudwatch_over_http(aws: str) -> None:
    sns, sqs, watch = (boto3.client(service) for service in ("sns", "sqs", "cloudwatch"))
    topic = sns.create_topic(Name="alerts")["TopicArn"]
    queue = sqs.create_queue(QueueName="alerts")["QueueUrl"]
    queue_arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue_arn)
    send("sns", sns_topic_arn=topic)
    (received,) = sqs.receive_message(QueueUrl=queue)["Messages"]
    published = json.loads(received["Body"])
    assert published["Subject"] == "[ERROR] Run failed: weekly_forecast and 1 more"
    assert "größer" in published["Message"]
    assert published["MessageAttributes"]["notification_id"]["Value"] == "0123abcd"
    with pytest.raises(DeliveryError, match="SNS has not taken"):
        send("sns", sns_topic_arn=topic + "-gone")

    for _ in range(2):
        send("cloudwatch", sns_topic_arn=topic, cloudwatch_alarms_notify=True)
    (alarm,) = watch.describe_alarms()["MetricAlarms"]
    assert (alarm["AlarmName"], alarm["AlarmActions"], alarm["Threshold"]) == ("Replenish-run_failed", [topic], 1.0)
    now = datetime.now(UTC)
    levels = watch.get_metric_statistics(
        Namespace="Replenish",
        MetricName="AlertsFiring",
        Dimensions=[{"Name": "Key", "Value": "run_failed"}],
        StartTime=now - timedelta(minutes=10),
        EndTime=now + timedelta(minutes=10),
        Period=60,
        Statistics=["Maximum"],
    )["Datapoints"]
    assert {level["Maximum"] for level in levels} == {2.0}


def test_a_fifo_topic_drops_repetitions(aws: str) -> None:
    sns, sqs = boto3.client("sns"), boto3.client("sqs")
    topic = sns.create_topic(Name="alerts.fifo", Attributes={"FifoTopic": "true"})["TopicArn"]
    queue = sqs.create_queue(QueueName="alerts.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    for _ in range(2):
        send("sns", sns_topic_arn=topic)
    assert len(sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]) == 1


def test_aws_that_does_not_answer_is_a_failure_in_time(monkeypatch: pytest.MonkeyPatch, http: HttpReceiver) -> None:
    http.status = 500
    for name, value in {"AWS_ENDPOINT_URL": http.url, "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": "eu-west-1"}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(DeliveryError, match="CloudWatch has not taken"):
        send("cloudwatch", timeout_seconds=2.0)


@pytest.mark.parametrize(
    ("channel", "settings", "said"),
    [
        ("mail", {}, "mail_host"),
        ("mail", {"mail_host": "x", "mail_from": "y"}, "mail_to"),
        ("webhook", {}, "webhook_url"),
        ("webhook", {"webhook_url": "file:///etc/passwd"}, "not an address"),
        ("sns", {}, "sns_topic_arn"),
        ("cloudwatch", {"cloudwatch_namespace": ""}, "cloudwatch_namespace"),
    ],
)
def test_a_channel_that_lacks_a_setting_is_refused(channel: ChannelName, settings: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said) as refused:
        build_channels(AlertSettings(channels=(channel,), **settings), folder=".")
    assert refused.value.remedy


def test_secrets_come_from_the_environment_and_stay_out_of_every_record(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPLENISH_ALERTS__CHANNELS", '["file", "webhook"]')
    monkeypatch.setenv("REPLENISH_ALERTS__WEBHOOK_URL", "https://hooks.example.org/T0/secret-token")
    settings = load_settings()
    assert settings.alerts.channels == ("file", "webhook")
    assert settings.alerts.webhook_url is not None
    assert settings.alerts.webhook_url.get_secret_value().endswith("secret-token")
    assert "secret-token" not in settings.as_record() + repr(settings) + settings.model_dump_json()
    assert settings.hash() == Settings().hash()
