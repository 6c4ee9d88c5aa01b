"""Amazon SNS: CloudWatch's alarms from the topics that the team file names.

https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from pydantic import Field

from bot.core.events import Event
from bot.core.team import Team
from bot.vendors.kit.alerts import Instant, Told, Words, known
from bot.vendors.kit.team_settings import SourceSettings
from bot.vendors.kit.urgency import of_one_alert
from bot.vendors.kit.webhooks import (
    Delivery,
    MalformedPayload,
    Model,
    Source,
    an_object,
    bearer_or_basic,
    by_body,
    loaded,
    read,
)
from bot.vendors.sns.proof import Proof

# A third state, INSUFFICIENT_DATA, says neither that it holds nor that it does not.
_FIRES = {"ALARM": True, "OK": False}


class _Envelope(Model):
    Type: str
    Message: str = ""


class _Dimension(Model):
    name: str
    value: Words = ""


class _Trigger(Model):
    MetricName: Words = ""
    Namespace: Words = ""
    # A composite alarm has no trigger, and one of several metrics has no dimensions of its own.
    Dimensions: list[_Dimension] | None = None


class _Alarm(Model):
    AlarmName: str = Field(min_length=1)
    NewStateValue: str
    AlarmDescription: Words = ""
    NewStateReason: Words = ""
    StateChangeTime: Instant = None
    AWSAccountId: Words = ""
    Region: Words = ""
    AlarmArn: Words = ""
    Trigger: _Trigger | None = None


def parse(delivery: Delivery) -> list[Event]:
    """The one alarm of the message; other messages of the topic, and SNS's own, give nothing."""
    body = an_object(loaded(delivery.body))
    if "Type" not in body and body.keys() & {"AlarmName", "NewStateValue"}:
        return _alarm(read(_Alarm, body), delivery)  # "raw message delivery" leaves SNS's envelope away
    if delivery.headers.get("x-amz-sns-rawdelivery") == "true":
        return []
    envelope = read(_Envelope, body)
    if envelope.Type != "Notification" or not envelope.Message.lstrip().startswith("{"):
        return []
    message: dict[str, Any] = an_object(loaded(envelope.Message, "Message"), "Message")
    return _alarm(read(_Alarm, message, "Message"), delivery) if "AlarmName" in message else []


def _alarm(alarm: _Alarm, delivery: Delivery) -> list[Event]:
    firing = _FIRES.get(alarm.NewStateValue)
    if firing is None:
        return []
    trigger = alarm.Trigger or _Trigger()
    dimensions = {each.name: each.value for each in trigger.Dimensions or ()}
    region = alarm.AlarmArn.split(":")[3] if alarm.AlarmArn.count(":") > 3 else alarm.Region
    told = Told(
        firing=firing,
        labels=dimensions
        | known(
            alertname=alarm.AlarmName,
            service=dimensions.get("ServiceName"),  # of ECS
            instance=dimensions.get("InstanceId"),
            namespace=trigger.Namespace,
            metric=trigger.MetricName,
            region=region,
            account=alarm.AWSAccountId,
        ),
        annotations=known(summary=alarm.AlarmDescription or alarm.NewStateReason, description=alarm.NewStateReason),
        fingerprint=alarm.AlarmArn,
        starts_at=alarm.StateChangeTime if firing else None,
        ends_at=None if firing else alarm.StateChangeTime,
        url=_console(alarm, region),
    )
    return [told.event(delivery)]


def _console(alarm: _Alarm, region: str) -> str:
    """Where the alarm is seen; the consoles of China and GovCloud have other addresses, so none is made up."""
    if not alarm.AlarmArn.startswith("arn:aws:"):
        return ""
    return f"https://console.aws.amazon.com/cloudwatch/home?region={region}#alarmsV2:alarm/{quote(alarm.AlarmName)}"


def identify(headers: Mapping[str, str], body: bytes) -> str:
    """A message that SNS sends again keeps its id: in the envelope, which is signed, or beside a raw message."""
    try:
        inside = an_object(loaded(body)).get("MessageId")
    except MalformedPayload:
        inside = None
    named = inside if isinstance(inside, str) else headers.get("x-amz-sns-message-id")
    return named or by_body(headers, body)


def _of_team(team: Team) -> dict[str, Source]:
    topics = team.part(SourceSettings).topics
    return {source.name: replace(source, admit=Proof(topics).admit)} if topics else {}


source = Source(
    name="sns",
    title="Amazon SNS (CloudWatch)",
    how_to="Name the topics under `sources.sns.topics` in the team file, then subscribe the address to them over "
    "HTTPS: the subscription confirms itself, and SNS's signature proves each message. A secret is needed only for "
    "raw message delivery, which is not signed: put it into the address, `https://sns:<secret>@…`.",
    verify=bearer_or_basic(),
    identify=identify,
    keeps=("x-amz-sns-",),
    parse=parse,
    weigh=of_one_alert(parse),
    of_team=_of_team,
    secret_is_optional=True,
    # A message has 256 KiB at most. It is parsed before it is proven, so that not much more is read.
    body_max=512 * 1024,
    values_max=5_000,  # an alarm has some hundred
)
