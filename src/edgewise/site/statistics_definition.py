"""The Express state machine that finishes page views and hands them to the event bus, in Amazon's States Language.

Its input is one raw view or an array of them, as the edge sends them. What it cannot finish or hand over goes to a
queue with the views as they came, so that they can be sent again. A view may be handed over twice; its `event_id`
tells. Sources: the Amazon States Language, "Transforming data with JSONata", "Add EventBridge events with Step
Functions" and "Perform AWS SQS tasks with Step Functions" in the Step Functions developer guide.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SCHEMA = "pageview/1"
EVENT_SOURCE, DETAIL_TYPE = "edgewise.statistics", "PageView"
# PutEvents takes no more entries in one call.
CHUNK = 10
# Seconds: an Express execution may take five minutes, and needs most of them where every try of PutEvents is in vain,
# and every try to set aside but the last. Over this time it would end without setting anything aside.
_MOST_SECONDS = 290
_TRY_SECONDS, _TRIES_MORE, _PAUSE_SECONDS = 20, 3, 1
# Microseconds: a time outside of these is nobody's, and would make a partition of its own.
_EARLIEST, _LATEST = 1_577_836_800_000_000, 4_102_444_800_000_000  # 2020-01-01, 2100-01-01

# The fields of a finished view that are taken as they are, in their order; what is no text is unknown.
_TEXTS = ("referrer_host", "campaign_source", "campaign_medium", "campaign_name", "language", "visitor")
# The first of these that a device has among its flags is what it is: a tablet can be "mobile" as well.
_DEVICES = ("smart-tv", "tablet", "mobile", "desktop")

# No expression makes a text of a view with `$string`: it rounds numbers to 15 digits, and a time has 16. Variables of
# the machine are read in the first lines: moto, which runs it on this machine, takes what stands between two slashes
# further on for a regular expression, and brings no variable that it does not find.
_SORTED = f"""{{%
(
  $items := $type($states.input) = 'array' ? $states.input : [$states.input];
  $is_view := function($v) {{
    $type($v) = 'object' and $v.schema = '{SCHEMA}' and $type($v.event_id) = 'string' and $v.event_id != ''
    and $type($v.host) = 'string' and $type($v.page) = 'string' and $type($v._timestamp) = 'number'
    ? $v._timestamp >= {_EARLIEST} and $v._timestamp < {_LATEST} and $floor($v._timestamp) = $v._timestamp
    : false
  }};
  $views := [$filter($items, $is_view)];
  $chunks := $count($views) = 0 ? [] : [0..$ceil($count($views) / {CHUNK}) - 1];
  {{
    'chunks': [$map($chunks, function($n) {{
      {{'views': [$views[[$n * {CHUNK}..$n * {CHUNK} + {CHUNK - 1}]]]}}
    }})],
    'refused': [$filter($items, function($v) {{ $not($is_view($v)) }})]
  }}
)
%}}"""


def _device() -> str:
    """Bots before devices, and the devices in their order; null without any."""
    rules = "".join(f"'{one}' in $v.devices ? '{one}' : " for one in _DEVICES)
    return f"$v.bot = true ? 'bot' : {rules}null"


def _entries() -> str:
    texts = "\n".join(f"      '{name}': $text($v.{name})," for name in _TEXTS)
    return f"""{{%
(
  $views := $states.input.views;
  $names := $country_names;
  $text := function($x) {{ $type($x) = 'string' ? $x : null }};
  $finish := function($v) {{ (
    $time := $fromMillis($floor($v._timestamp / 1000));
    $country_name := $type($v.country) = 'string' ? $lookup($names, $v.country);
    {{
      'schema': '{SCHEMA}',
      'event_id': $v.event_id,
      '_timestamp': $v._timestamp,
      'view_time': $time,
      'view_date': $substring($time, 0, 10),
      'host': $v.host,
      'page': $v.page,
      'status': $type($v.status) = 'number' ? $v.status : null,
      'country': $text($v.country),
      'country_name': $text($country_name),
      'device': {_device()},
{texts}
      'entry': $type($v.entry) = 'boolean' ? $v.entry : null
    }}
  ) }};
  [$map($views, function($v) {{
    {{
      'EventBusName': '${{Bus}}',
      'Source': '{EVENT_SOURCE}',
      'DetailType': '{DETAIL_TYPE}',
      'Detail': $finish($v)
    }}
  }})]
)
%}}"""


def definition(country_names: Mapping[str, str]) -> dict[str, Any]:
    """The state machine; `${Bus}` and `${Queue}` stand for the bus's name and the queue's URL."""
    return {
        "Comment": "Finishes page views and hands them to the event bus.",
        "QueryLanguage": "JSONata",
        "StartAt": "Country names",
        "TimeoutSeconds": _MOST_SECONDS,
        "States": {
            "Country names": {
                "Type": "Pass",
                "Assign": {"country_names": dict(country_names)},
                "Next": "Batch",
            },
            "Batch": {
                "Type": "Parallel",
                "Comment": "One branch: whatever fails in it is caught here, with the batch as it came.",
                "Branches": [_branch()],
                "Catch": [
                    {
                        "ErrorEquals": ["States.ALL"],
                        "Output": {
                            "reason": "{% $states.errorOutput.Error %}",
                            "views": "{% $states.input %}",
                        },
                        "Next": "Set batch aside",
                    }
                ],
                "End": True,
            },
            "Set batch aside": _set_aside("{% $states.input %}"),
        },
    }


def _branch() -> dict[str, Any]:
    return {
        "StartAt": "Sort",
        "States": {
            "Sort": {"Type": "Pass", "Output": _SORTED, "Next": "Each chunk"},
            "Each chunk": {
                "Type": "Map",
                "Items": "{% $states.input.chunks %}",
                "ItemProcessor": {
                    "ProcessorConfig": {"Mode": "INLINE"},
                    "StartAt": "Publish",
                    "States": {"Publish": _publish(), "Set chunk aside": _set_aside("{% $states.input %}")},
                },
                "Output": "{% $states.input.refused %}",
                "Next": "Anything refused?",
            },
            "Anything refused?": {
                "Type": "Choice",
                "Choices": [
                    {"Condition": "{% $count($states.input) > 0 %}", "Next": "Set refused aside"},
                ],
                "Default": "Done",
            },
            "Set refused aside": _set_aside(
                {"reason": f"not a view of {SCHEMA}", "views": "{% $states.input %}"}
            ),
            "Done": {"Type": "Succeed"},
        },
    }


def _publish() -> dict[str, Any]:
    return {
        "Type": "Task",
        "Comment": "All entries are sent again when one fails: each view has an id, and counts once.",
        "Resource": "arn:aws:states:::events:putEvents",
        "Arguments": {"Entries": _entries()},
        "TimeoutSeconds": _TRY_SECONDS,
        "Retry": [_retry("EventBridge.FailedEntry", "States.TaskFailed", "States.Timeout")],
        "Catch": [
            {
                "ErrorEquals": ["States.ALL"],
                "Output": {"reason": "{% $states.errorOutput.Error %}", "views": "{% $states.input.views %}"},
                "Next": "Set chunk aside",
            }
        ],
        "Output": {},
        "End": True,
    }


def _set_aside(body: Any) -> dict[str, Any]:
    """A message with the reason and the views; its body is given as JSON, which the integration makes a text of."""
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage",
        "Arguments": {"QueueUrl": "${Queue}", "MessageBody": body},
        "TimeoutSeconds": _TRY_SECONDS,
        "Retry": [_retry("States.ALL")],
        "Output": {},
        "End": True,
    }


def _retry(*errors: str) -> dict[str, Any]:
    return {
        "ErrorEquals": list(errors),
        "IntervalSeconds": _PAUSE_SECONDS,
        "MaxAttempts": _TRIES_MORE,
        "BackoffRate": 2,
        "JitterStrategy": "FULL",
    }
