"""A template as text that a person reads: YAML with CloudFormation's short tags, a line of reason by type.

What the template says is decided in `template.py`; reading one is the local CDN's affair.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from edgewise.site.policies import CACHE_POLICIES, ORIGIN_REQUEST_POLICIES

# A file that begins with it may be overwritten.
FIRST_LINE = "# Made by `edgewise synth` from the site file; change that one, not this.\n"
_HEADER = f"""\
{FIRST_LINE}#
# Deploy it in us-east-1 with stock AWS tools: `aws cloudformation package` uploads the folder that `Code` names,
# `aws cloudformation deploy` does the rest. Nothing of Edgewise is needed on AWS.
"""
_APP_HEADER = f"""\
{FIRST_LINE}#
# Deploy it with `aws cloudformation deploy`, before template.yaml: what it puts out are parameters of that one. Deploy
# it again with the distribution that there is then; until that, nobody may call the functions that are signed for.
"""

_POLICY_NAMES = {policy.id: policy.name for policy in CACHE_POLICIES.values()} | {
    policy.id: policy.name for policy in ORIGIN_REQUEST_POLICIES.values()
}

_SECTION_REASONS = {
    "Metadata": "# W3002 says that a local `Code` needs `aws cloudformation package`, and that is the plan.\n"
}

_REASONS = {
    "AWS::Lambda::Function": "Deleting it may have to be repeated some hours later: CloudFront removes replicas first.",
    "AWS::Lambda::Version": (
        "CloudFront takes numbered versions only. The id carries a hash of the code and its settings: new code is a "
        "new version. Old ones are retained: replicas of them live on for hours, and a rollback needs them."
    ),
    "AWS::IAM::Role": (
        "Trusted by Lambda and by its edge. It may do what the site file names, and write its own logs: "
        "replicas create the group /aws/lambda/us-east-1.NAME in each region where they run."
    ),
    "AWS::CloudFront::CachePolicy": (
        "What CloudFront's own policy of that name says, with the version in the key: versions never mix in a cache."
    ),
    "AWS::CloudFront::OriginRequestPolicy": "Lets the function that chooses the origin see the version.",
    "AWS::CloudFront::OriginAccessControl": "The distribution signs its requests to the buckets.",
    "AWS::DynamoDB::GlobalTable": (
        "Read at the edge from the nearest replica, written in us-east-1. What is in it means nothing without the site."
    ),
    "AWS::CertificateManager::Certificate": (
        "Proved by records that ACM has made in the zone, and renewed by them. The stack waits until it is issued."
    ),
    "AWS::Route53::RecordSet": "Leads a name to the distribution; an alias, so that the zone's own name may be one.",
    "AWS::S3::Bucket": "Private. Retained when the stack goes: files are the user's.",
    "AWS::S3::BucketPolicy": "This distribution may read files, and nobody may list them.",
}
# Of resources whose type says less, by their names; they come before the reasons of types.
_OWN_REASONS = {
    "ErrorsAlarm": (
        "CloudFront's metrics are of all regions. No data, which is no request or no error, is nothing wrong."
    ),
    "AlarmTopic": "Not encrypted: CloudWatch may not write to a topic under AWS's own key.",
    "EdgeAlarmsRule": (
        "Metrics of edge functions stay in their regions, so do alarms. `edgewise deploy` makes those, and rules that "
        "bring their changes here; this one hands them on."
    ),
    "EdgeLogsRole": "For the log groups of the functions, in every region where they run.",
    "EdgeAlarmsRole": "For the rules in the other regions.",
    "Dashboard": "A page of CloudWatch's; a graph may have metrics of all regions.",
    "MoreMetrics": "Paid for by metric and month.",
    "JudgeSchedule": "The judge looks at the release every minute.",
    "PageViewsRequestPolicy": "Lets the function that counts page views see who asks. A bucket would be sent nothing.",
    "PageViewsStateMachine": (
        "Express: it may run twice for a batch, and each view has an id. Its log has its failures and none of its data."
    ),
    "PageViewsStateMachineRole": (
        "The actions of the log's delivery know no resources: they are an account's settings, so AWS wants a star."
    ),
    "PageViewsFailed": "What the state machine could not finish, or the rule not hand on, for two weeks.",
    "PageViewsFailedPolicy": "The rule may send its dead letters. The state machine may by its role.",
    "PageViewsStream": (
        "One file a day and buffer, under the day of the views themselves: late ones come to their own day. What has "
        "no day goes to errors/. The edge and the bus send no ends of lines."
    ),
    "PageViewsFiles": (
        "Private, over TLS alone, without versions, which would keep what its rules delete. Retained when the stack "
        "goes."
    ),
    "PageViewsFilesPolicy": "Nobody may ask without TLS, not even the owner.",
    "PageViewsTable": "The day of a view is in its file's name, and a column of the table by that.",
    "PageViewsWorkGroup": "A query that would read more than its limit is stopped. Answers are deleted after a week.",
    "PageViewsReader": "Attached to nobody: give it to the role that Grafana takes.",
    "RealTimeStream": (
        "On demand: it grows with the traffic, and costs by the hour even without any. Encrypted with AWS's own key."
    ),
    "RealTimeLog": "The fields in CloudFront's order. Behaviors name it; a change takes effect with the distribution.",
    "RealTimeLogRole": "CloudFront may write into this stream, and nothing else.",
    "RealTimeTransformFunction": (
        "Firehose hands it lines, and gets records: OpenObserve would refuse tab-separated text. It knows the same "
        "fields as the configuration: both change together, and lines of the old kind that come meanwhile go to the "
        "bucket."
    ),
    "RealTimeTransformRole": "It calls nobody but, where visitors are hashed, the keeper of the key.",
    "RealTimeTransformLogs": "Made ahead, so that its lines go after some days. They hold nothing of visitors.",
    "RealTimeDelivery": (
        "Only what failed is written into the bucket. The access key is read from Secrets Manager when it is used, so "
        "that it is neither here nor in the stream's settings."
    ),
    "RealTimeDeliveryRole": (
        "For reading the stream, calling the function, writing what failed, its own log, and the one secret."
    ),
    "RealTimeFailed": (
        "What could not be transformed or delivered, as it came: addresses and queries are unmasked there, so it is "
        "deleted after some days. Retained when the stack goes."
    ),
    "RealTimeFailedPolicy": "Nobody may ask without TLS, not even the owner.",
    "RealTimeFailures": "The function gives lines back without failing itself, and says how many.",
    "RealTimeDeliveryAlarm": "Without `[alarms]` in the site file alarms tell nobody.",
    "AccessLogSource": "A distribution has one source at most, for all destinations.",
    "AccessLogDestination": "Place and format cannot be changed later: their hash is in the name: others make another.",
    "AccessLogDelivery": "Which fields, and in a bucket which folders. A change takes effect within twelve hours.",
    "AccessLogFiles": "Private, over TLS alone, deleted after some days. Retained when the stack goes.",
    "AccessLogFilesPolicy": "AWS's delivery may write for this source of this account, and nobody without TLS.",
    "AccessLogGroup": (
        "Its lines go after some days. Retained when the stack goes, so CloudFormation names it: a name would be taken."
    ),
    "AccessLogGroupPolicy": "AWS's delivery may write into this group, for this account.",
    "VisitorSaltsFunction": "CloudFormation makes no SecureString, and a salt has to go when its day is over.",
    "VisitorSalts": "Called when the stack is made, so that the first visitor meets a salt, and when it is deleted.",
    "VisitorSaltsSchedule": "Twice a day: no promise is broken when a run is missed.",
    "PageViewsStreamAlarm": "Alarms tell nobody by themselves: add what they are to ring, such as a topic of SNS.",
}


# Of an image's resources, by the ends of their names; the first of each has its reason above it.
_IMAGE_REASONS = {
    "ImageFunction": "The image has a web server, and an adapter that hands it Lambda's events as requests.",
    "ImageRole": "The app may write its own log and nothing else, unless the site file gives it more.",
    "ImageLogs": "A log group that Lambda makes by itself keeps everything for ever.",
    "ImageUrl": "Its host is the origin. With AWS_IAM, Lambda refuses every request that is not signed.",
    "ImageUrlPermission": "Two permissions: since October 2025 a function URL asks for both.",
    "ImageAccessControl": (
        "The distribution signs its requests to the function URLs, so that nobody gets around it. It does not sign "
        "bodies: whoever sends one says its SHA-256 in x-amz-content-sha256."
    ),
}


def render_yaml(template: Mapping[str, Any], *, header: str = _HEADER) -> str:
    """The YAML text of a template, with comments; it loads to the same template."""
    sections = [header]
    for name, value in template.items():
        if name == "Resources":
            sections.append("Resources:\n" + "\n".join(_resources(value)))
        else:
            sections.append(_SECTION_REASONS.get(name, "") + _dump({name: value}))
    return "\n".join(sections)


def render_app_yaml(template: Mapping[str, Any]) -> str:
    """The YAML text of the template of the images of another region."""
    return render_yaml(template, header=_APP_HEADER)


def reasons_of(resources: Mapping[str, Any]) -> dict[str, str]:
    """What is to be said of resources, by their logical ids: the first of a type has the reason of that type, and
    others have one of their own.
    """
    reasons, images = dict(_REASONS), dict(_IMAGE_REASONS)
    said = {}
    for name, body in resources.items():
        if part := next((end for end in _IMAGE_REASONS if name.endswith(end)), None):
            said[name] = _rights_in_words(body) or images.pop(part, "")
        else:
            said[name] = _OWN_REASONS.get(name) or reasons.pop(body["Type"], "")
    return {name: reason for name, reason in said.items() if reason}


# What a role of an app may do besides writing its log, by the names of its policies.
_APP_RIGHTS = {
    "secrets": "It may read the secrets that its variables name, and no others.",
    "network": (
        "Lambda makes its network interfaces by this role, a right that knows no resource; the Deny keeps the app "
        "itself from it."
    ),
}


def _rights_in_words(body: Mapping[str, Any]) -> str:
    """Why the role of an app has each right that the site file gives it; empty where it has none, or is no role."""
    properties = body.get("Properties", {})
    own = [one["PolicyName"] for one in properties.get("Policies", ())]
    said = [text for name, text in _APP_RIGHTS.items() if name in own]
    if managed := [one.rpartition("/")[2] for one in properties.get("ManagedPolicyArns", ())]:
        said.append(f"It may do what its `policies` in the site file allow: {', '.join(managed)}.")
    return " ".join(["The app may write its own log.", *said]) if said else ""


def _resources(resources: Mapping[str, Any]) -> Iterator[str]:
    """The text of each resource, with what is to be said of it above."""
    reasons = reasons_of(resources)
    for name, body in resources.items():
        reason = reasons.get(name)
        comment = (
            textwrap.fill(reason, 110, initial_indent="# ", subsequent_indent="# ") + "\n" if reason else ""
        )
        yield textwrap.indent(comment + _dump({name: body}), "  ")


def _dump(value: Any) -> str:
    text: str = yaml.dump(_tagged(value), Dumper=_Dumper, sort_keys=False, width=110, allow_unicode=True)
    return re.sub(r"(?m)^( *\w+PolicyId: )(\S+)$", _with_policy_name, text)


def _with_policy_name(line: re.Match[str]) -> str:
    """An id says nothing to a reader; the name of a managed policy goes beside it."""
    name = _POLICY_NAMES.get(line[2])
    return f"{line[0]}  # {name}" if name else line[0]


@dataclass(frozen=True, slots=True)
class _Tagged:
    """An expression in its short form: a tag and its text."""

    tag: str
    text: str


def _tagged(value: Any) -> Any:
    """The value with every `Ref`, `Fn::GetAtt` and `Fn::Sub` as its short tag."""
    match value:
        case {"Ref": str(name), **rest} if not rest:
            return _Tagged("!Ref", name)
        case {"Fn::GetAtt": [str(name), str(attribute)], **rest} if not rest:
            return _Tagged("!GetAtt", f"{name}.{attribute}")
        case {"Fn::Sub": str(text), **rest} if not rest:
            return _Tagged("!Sub", text)
        case Mapping():
            return {name: _tagged(one) for name, one in value.items()}
        case list():
            return [_tagged(one) for one in value]
        case _:
            return value


_TAGS = ("!Ref", "!GetAtt", "!Sub")


class _Dumper(yaml.SafeDumper):
    """Indents lists inside their key, never writes anchors, and leaves the quotes off tagged names."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def choose_scalar_style(self) -> str:
        style = super().choose_scalar_style()
        tagged = isinstance(self.event, yaml.ScalarEvent) and self.event.tag in _TAGS
        return "" if tagged and self.analysis and self.analysis.allow_block_plain else style


def _represent_tagged(dumper: yaml.SafeDumper, value: _Tagged) -> yaml.Node:
    return dumper.represent_scalar(value.tag, value.text, style="|" if "\n" in value.text else None)


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    """A text of several lines as it is; with its escapes, if it has what YAML takes for the end of a line besides."""
    style = '"' if set("\x85\u2028\u2029").intersection(text) else "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(_Tagged, _represent_tagged)
_Dumper.add_representer(str, _represent_text)
