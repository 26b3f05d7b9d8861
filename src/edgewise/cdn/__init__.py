"""A local CloudFront: runs the distribution of a CloudFormation template on this machine."""

from edgewise.cdn.accesslog.delivery import LineDelivery
from edgewise.cdn.accesslog.writer import AccessLogs
from edgewise.cdn.clock import MovableClock
from edgewise.cdn.control import ControlServer, History
from edgewise.cdn.control.invalidation import Invalidations
from edgewise.cdn.distribution import (
    AppCommand,
    Distribution,
    EventKind,
    FunctionDefinition,
    LocalFunction,
    Notice,
)
from edgewise.cdn.functions.logs import LogEvent, LogFolder, LogSink
from edgewise.cdn.local import CdnOptions, LocalCdn
from edgewise.cdn.subscription import Subscription, is_record
from edgewise.cdn.template import Template, load_template, parse_template
from edgewise.cdn.template.line_streams import line_streams
from edgewise.cdn.tls import local_authority, server_context
from edgewise.cdn.trace import FunctionRun, Trace, access_record

__all__ = [
    "AccessLogs",
    "AppCommand",
    "CdnOptions",
    "ControlServer",
    "Distribution",
    "EventKind",
    "FunctionDefinition",
    "FunctionRun",
    "History",
    "Invalidations",
    "LineDelivery",
    "LocalCdn",
    "LocalFunction",
    "LogEvent",
    "LogFolder",
    "LogSink",
    "MovableClock",
    "Notice",
    "Subscription",
    "Template",
    "Trace",
    "access_record",
    "is_record",
    "line_streams",
    "load_template",
    "local_authority",
    "parse_template",
    "server_context",
]
