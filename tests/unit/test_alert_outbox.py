"""The outbox: nothing lost, nothing told twice, whatever fails or is killed in between."""

import json
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, get_args
from urllib.request import url2pathname

import pytest

from domain.errors import DeliveryError, StorageError
from domain.settings import AlertSettings
from quality.alerts import outbox_tables
from quality.alerts.alert import Alert, AlertKey, Notification, grouped
from quality.alerts.channels.file import FileChannel
from quality.alerts.delivery import deliver
from quality.alerts.outbox import LEASE, Outbox, Progress

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LATE = Alert("freshness_breached", "policy/policies", "2026-11-23", "last written 30 h ago")
CHECK = Alert("check_failed", "policy/policies: orders_are_whole_packs", "2026-11-23|00", "3 of 40 rows", severity="warning")


class Recorder:
    """A channel that remembers, and fails while it is down."""

    name: Literal["webhook"] = "webhook"

    def __init__(self) -> None:
        self.is_down = False
        self.sent: list[Notification] = []

    def send(self, notification: Notification) -> None:
        if self.is_down:
            raise DeliveryError("down")
        self.sent.append(notification)


@pytest.fixture
def outbox(tmp_path: Path) -> Outbox:
    return Outbox(tmp_path)


@pytest.fixture
def channel() -> Recorder:
    return Recorder()


@pytest.fixture
def look(outbox: Outbox, channel: Recorder) -> Callable[..., int]:
    """Deliver at a time; the number of messages that went out."""
    return lambda now=NOW: deliver(outbox, [channel], clock=lambda: now)[0].n_sent


def tell(outbox: Outbox, *alerts: Alert, now: datetime = NOW, progress: Progress | None = None) -> int:
    return outbox.record(alerts, channels=("webhook",), now=now, progress=progress)


def over(alert: Alert) -> Alert:
    return alert._replace(state="resolved", evidence="it is fine again")


def test_what_fires_is_told_once_and_its_end_once(outbox: Outbox, channel: Recorder, look: Callable[..., int]) -> None:
    assert [tell(outbox, CHECK) for _ in range(3)] == [1, 0, 0]
    assert (look(), look()) == (1, 0)
    assert outbox.firing() == [CHECK]
    assert [tell(outbox, over(CHECK)) for _ in range(2)] == [1, 0]
    assert (look(), look()) == (1, 0)
    assert [(sent.state, sent.n_firing) for sent in channel.sent] == [("firing", 1), ("resolved", 0)]
    assert outbox.firing() == []
    assert tell(outbox, CHECK) == 1  # it can fire again


def test_what_never_fired_is_not_resolved(outbox: Outbox, look: Callable[..., int]) -> None:
    assert tell(outbox, over(CHECK)) == 0
    assert look() == 0


def test_a_warning_that_becomes_an_error_is_told_and_not_back(outbox: Outbox, channel: Recorder, look: Callable[..., int]) -> None:
    error = CHECK._replace(severity="error")
    assert [tell(outbox, alert) for alert in (CHECK, error, CHECK, error)] == [1, 1, 0, 0]
    look()
    assert outbox.firing()[0].severity == "error"


def shards(n: int, **changes: Any) -> list[Alert]:
    """The check, failed in so many shards; the more the higher the number, the worse."""
    return [CHECK._replace(partition=f"2026-11-23|{shard:02d}", evidence=f"{shard} of 40 rows", weight=float(shard), **changes) for shard in range(n)]


def test_a_storm_is_one_message_per_cause_with_its_count_and_the_three_worst(outbox: Outbox, channel: Recorder, look: Callable[..., int]) -> None:
    elsewhere = CHECK._replace(subject="policy/orders: orders_are_whole_packs")
    other_check = CHECK._replace(subject="policy/policies: suite")
    assert tell(outbox, *shards(30), LATE, elsewhere, other_check) == 4
    assert look() == 3
    packs, late, suite = channel.sent
    assert packs.title == "[WARNING] Check failed: policy/policies: orders_are_whole_packs (30 partitions) and 1 more"
    assert [(group.subject, group.n_partitions) for group in packs.groups] == [(CHECK.subject, 30), (elsewhere.subject, 1)]
    assert [alert.partition for alert in packs.groups[0].worst] == ["2026-11-23|29", "2026-11-23|28", "2026-11-23|27"]
    assert "  - 2026-11-23|29: 29 of 40 rows\n  - 2026-11-23|28" in packs.text()
    assert "26 of 40" not in packs.text()
    record = packs.as_record()["alerts"][0]  # type: ignore[index]
    assert (record["n_partitions"], record["partition"], [one["evidence"][:2] for one in record["worst"]]) == (30, "2026-11-23|29", ["29", "28", "27"])
    assert ([group.subject for group in suite.groups], packs.n_firing) == (["policy/policies: suite"], 3)
    assert late.text(link_base="https://x/").endswith("What to do: https://x/docs/how-to/alerts.md#freshness_breached")


def test_a_storm_is_over_when_its_last_partition_is(outbox: Outbox, channel: Recorder, look: Callable[..., int]) -> None:
    tell(outbox, *shards(5))
    look()
    assert tell(outbox, *map(over, shards(4))) == 0
    assert tell(outbox, over(shards(5)[4])) == 1
    look()
    assert [(sent.state, sent.groups[0].n_partitions, sent.n_firing) for sent in channel.sent] == [("firing", 5, 1), ("resolved", 1, 0)]


def test_an_error_among_many_warnings_is_the_worst_and_is_told(outbox: Outbox, channel: Recorder, look: Callable[..., int]) -> None:
    tell(outbox, *shards(3))
    look()
    assert tell(outbox, shards(1, severity="error")[0]) == 1
    look()
    assert (channel.sent[1].severity, channel.sent[1].groups[0].worst[0].partition) == ("error", "2026-11-23|00")


def test_what_comes_before_a_message_is_sent_is_counted_in_it(outbox: Outbox, channel: Recorder, look: Callable[..., int]) -> None:
    assert [tell(outbox, alert) for alert in shards(4)] == [1, 0, 0, 0]
    look()
    assert [(group.n_partitions, group.worst[0].partition) for group in channel.sent[0].groups] == [(4, "2026-11-23|03")]
    assert tell(outbox, *shards(6)) == 0
    assert look() == 0


def test_failed_runs_of_several_days_are_told_each_as_each_has_its_reason(outbox: Outbox, look: Callable[..., int]) -> None:
    monday = Alert("run_failed", "daily_optimization", "2026-11-23", "no space left")
    assert [tell(outbox, alert) for alert in (monday, monday._replace(partition="2026-11-24"), monday)] == [1, 1, 0]


def test_stale_partitions_of_many_tables_are_one_offer(outbox: Outbox, channel: Recorder, look: Callable[..., int]) -> None:
    tables = ("series/weekly_demand", "features/model_rows", "forecast/weekly")
    stale = [
        Alert("repair_offered", f"{table}: is_current", f"00|2026-11-{day:02d}", "rows were restated", severity="warning")
        for table in tables
        for day in range(1, 26)
    ]
    assert tell(outbox, *stale) == 1
    look()
    (group,) = channel.sent[0].groups
    assert (group.n_partitions, channel.sent[0].n_firing) == (75, 1)
    assert channel.sent[0].title == "[WARNING] History can be repaired: partitions of past weeks and days (75 partitions)"
    assert "  - series/weekly_demand: is_current 00|2026-11-25: rows were restated" in channel.sent[0].text()
    assert tell(outbox, *map(over, stale)) == 1


def test_an_outbox_of_the_earlier_layout_goes_on(tmp_path: Path, channel: Recorder) -> None:
    with closing(sqlite3.connect(tmp_path / "alerts.sqlite")) as connection:
        connection.executescript(outbox_tables._TABLES)
        opened = ("2026-11-20", "2026-11-20", 1)
        for number, subject in enumerate(("policy/policies: suite", "series/weekly_demand: is_current")):
            connection.execute("INSERT INTO incidents VALUES (?, 'check_failed', ?, 'p', 'warning', 'e', ?, ?, ?, NULL)", (number, subject, *opened))
        connection.execute("INSERT INTO messages VALUES (1, 'check_failed', 'policy/policies: suite', 'p', 'e', 'warning', 'firing', '2026-11-20')")
        connection.execute("INSERT INTO deliveries VALUES (1, 'webhook', NULL)")
        connection.commit()
    outbox = Outbox(tmp_path)
    assert [alert.key for alert in outbox.firing()] == ["check_failed", "repair_offered"]
    deliver(outbox, [channel], clock=lambda: NOW)
    assert [group.lines() for sent in channel.sent for group in sent.groups] == [["- policy/policies: suite (p): e"]]


def test_the_runbook_is_a_page_that_exists_unless_somebody_names_another() -> None:
    link = Notification("1", (grouped([CHECK]),), 1).as_record()["runbook"]
    page, _, section = str(link).partition("#")
    assert f"\n## {section}\n" in Path(url2pathname(page.removeprefix("file://"))).read_text()


def test_firing_resolved_and_firing_again_stay_in_order_while_a_channel_is_down(outbox: Outbox, channel: Recorder, look: Callable[..., int]) -> None:
    channel.is_down = True
    for alert in (CHECK, over(CHECK), CHECK):
        tell(outbox, alert)
        assert look() == 0
    channel.is_down = False
    assert look(NOW + 20 * MINUTE) == 3
    assert [sent.state for sent in channel.sent] == ["firing", "resolved", "firing"]
    assert outbox.n_waiting("webhook") == 0


def test_a_channel_that_is_down_is_tried_again_with_growing_pauses_and_loses_nothing(outbox: Outbox, channel: Recorder, look: Callable[..., int]) -> None:
    channel.is_down = True
    tell(outbox, CHECK)
    tries = []
    send = channel.send
    channel.send = lambda notification: (tries.append(minute), send(notification))[1]  # type: ignore[method-assign, func-returns-value]
    for minute in range(300):
        look(NOW + minute * MINUTE)
    assert tries[:5] == [0, 1, 2, 4, 8]
    assert max(b - a for a, b in pairwise(tries)) == 60
    channel.is_down = False
    assert look(NOW + 600 * MINUTE) == 1
    assert [alert for sent in channel.sent for group in sent.groups for alert in group.worst] == [CHECK]


def test_a_message_nobody_takes_holds_up_its_own_kind_only(outbox: Outbox, look: Callable[..., int], channel: Recorder) -> None:
    send = channel.send

    def refuse_checks(notification: Notification) -> None:
        if notification.key == "check_failed":
            raise DeliveryError("never")
        send(notification)

    channel.send = refuse_checks  # type: ignore[method-assign]
    tell(outbox, CHECK, LATE)
    assert (look(), look()) == (0, 1)  # the first look stops at the failure
    assert [sent.key for sent in channel.sent] == ["freshness_breached"]


def test_new_alerts_do_not_join_a_message_that_is_tried_again(outbox: Outbox, channel: Recorder, look: Callable[..., int]) -> None:
    tell(outbox, CHECK)
    cut_off = outbox.claim("webhook", now=NOW)
    assert cut_off is not None
    tell(outbox, CHECK._replace(subject="another"))
    assert look() == 0  # somebody else has it
    assert look(NOW + LEASE) == 2
    assert channel.sent[0] == cut_off._replace(n_firing=2)
    assert [len(sent.groups) for sent in channel.sent] == [1, 1]


def test_channels_do_not_wait_for_each_other(outbox: Outbox, tmp_path: Path, channel: Recorder) -> None:
    channel.is_down = True
    file = FileChannel(AlertSettings(), folder=tmp_path)
    outbox.record([CHECK], channels=("webhook", "file"), now=NOW)
    results = deliver(outbox, [channel, file], clock=lambda: NOW)
    assert [(result.channel, result.n_sent, result.failure) for result in results] == [("webhook", 0, "down"), ("file", 1, "")]
    assert (outbox.n_waiting("webhook"), outbox.n_waiting("file")) == (1, 0)


def test_alerts_and_how_far_their_source_was_read_are_kept_together(outbox: Outbox, tmp_path: Path) -> None:
    assert outbox.position("checks") is None
    tell(outbox, CHECK, progress=Progress("checks", "17"))
    assert Outbox(tmp_path).position("checks") == "17"
    with pytest.raises(StorageError):
        tell(outbox, LATE._replace(evidence=None), progress=Progress("checks", "18"))  # type: ignore[arg-type]
    assert outbox.position("checks") == "17"
    assert outbox.firing() == [CHECK]


def test_a_file_that_is_no_outbox_is_named(tmp_path: Path) -> None:
    (tmp_path / "alerts.sqlite").write_text("this is not a database, but long enough to be looked at as one " * 20)
    with pytest.raises(StorageError, match=r"alerts\.sqlite"):
        Outbox(tmp_path).firing()


_SENDER = """
import os, signal, sys
from datetime import UTC, datetime, timedelta
from domain.settings import AlertSettings
from quality.alerts.alert import Alert
from quality.alerts.channels.file import FileChannel
from quality.alerts.delivery import deliver
from quality.alerts.outbox import Outbox

folder, when = sys.argv[1:]
file = FileChannel(AlertSettings(), folder=folder)
die = lambda: os.kill(os.getpid(), signal.SIGKILL)

class Killed:
    name = "file"
    def send(self, notification):
        if when == "before sending":
            die()
        file.send(notification)
        die()

outbox = Outbox(folder)
now = datetime.fromtimestamp(0, UTC)
outbox.record([Alert("run_failed", f"job {n}", "none", "killed") for n in range(3)], channels=["file"], now=now)
deliver(outbox, [Killed()], clock=lambda: now)
"""


@pytest.mark.parametrize("when", ["before sending", "after sending"])
def test_a_process_killed_while_sending_leaves_each_line_exactly_once(when: str, tmp_path: Path) -> None:
    for _ in range(2):
        killed = subprocess.run([sys.executable, "-c", _SENDER, str(tmp_path), when], cwd=ROOT, check=False)
        assert killed.returncode in {-signal.SIGKILL, 0}  # the second finds all told or claimed
    file = FileChannel(AlertSettings(), folder=tmp_path)
    deliver(Outbox(tmp_path), [file], clock=lambda: NOW)
    (line,) = (tmp_path / "alerts.jsonl").read_text().splitlines()
    assert [alert["subject"] for alert in json.loads(line)["alerts"]] == ["job 0", "job 1", "job 2"]
    assert Outbox(tmp_path).n_waiting("file") == 0


def test_a_line_that_was_written_before_others_fired_is_not_written_again(tmp_path: Path, outbox: Outbox) -> None:
    file = FileChannel(AlertSettings(), folder=tmp_path)
    outbox.record([CHECK], channels=("file",), now=NOW)
    cut_off = outbox.claim("file", now=NOW)
    assert cut_off is not None
    file.send(cut_off)  # and killed before it was marked as delivered
    outbox.record([CHECK._replace(subject="policy/policies: suite"), over(CHECK)], channels=("file",), now=NOW)
    deliver(outbox, [file], clock=lambda: NOW + LEASE)
    lines = [json.loads(line) for line in (tmp_path / "alerts.jsonl").read_text().splitlines()]
    assert [(line["state"], line["alerts"][0]["subject"]) for line in lines] == [
        ("firing", CHECK.subject),
        ("firing", "policy/policies: suite"),
        ("resolved", CHECK.subject),
    ]


def test_a_line_of_the_message_that_was_torn_is_written_whole(tmp_path: Path, outbox: Outbox) -> None:
    file = FileChannel(AlertSettings(), folder=tmp_path)
    outbox.record([LATE], channels=("file",), now=NOW)
    notification = outbox.claim("file", now=NOW)
    assert notification is not None
    file.send(notification)
    path = tmp_path / "alerts.jsonl"
    path.write_bytes(path.read_bytes()[:-20])
    file.send(notification)
    assert json.loads(path.read_text().splitlines()[1])["id"] == notification.id


def test_a_torn_line_is_left_behind_and_the_message_written_whole(tmp_path: Path, outbox: Outbox) -> None:
    (tmp_path / "alerts.jsonl").write_text('{"id": "to')
    outbox.record([LATE], channels=("file",), now=NOW)
    deliver(outbox, [FileChannel(AlertSettings(), folder=tmp_path)], clock=lambda: NOW)
    assert json.loads((tmp_path / "alerts.jsonl").read_text().splitlines()[-1])["key"] == "freshness_breached"


def test_every_kind_has_its_section_in_the_runbook() -> None:
    page = (ROOT / "docs" / "how-to" / "alerts.md").read_text()
    assert [key for key in get_args(AlertKey) if f"\n## {key}\n" not in page] == []
