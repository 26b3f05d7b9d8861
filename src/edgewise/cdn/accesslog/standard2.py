"""Standard access logs of the second version: chosen fields, in JSON or with a delimiter, in folders of the user's.

Source: CloudFront Developer Guide, "Configure standard logging (v2)": the fields, "Partitioning", "Hive-compatible file
name format" and "Example paths to access logs".
"""

from __future__ import annotations

import json
import re
import time

from edgewise.cdn.accesslog import realtime, standard, values
from edgewise.cdn.accesslog.config import LogDelivery
from edgewise.cdn.trace import Trace

# What the path's variables stand for, as the name of a folder by Hive's rules has it, and as `time.strftime` has it.
_TIMES = {"yyyy": ("year", "%Y"), "MM": ("month", "%m"), "dd": ("day", "%d"), "HH": ("hour", "%H")}
_VARIABLE = re.compile(r"\{(\w+)\}")
# Fields of the real-time log that this log may have too; their names are the same but for the time's.
_SHARED = ("origin-fbl", "origin-lbl", "asn", "c-country", "cache-behavior-path-pattern")
_MORE = ("distribution-tenant-id", "connection-id")
FIELDS = (*standard.FIELDS.split(), "timestamp(ms)", *_SHARED, *_MORE)


def folder(delivery: LogDelivery, distribution_id: str, account: str, moment: float) -> str:
    """The folder of the bucket for a request that was answered at a moment, in seconds."""

    def filled(match: re.Match[str]) -> str:
        name = match[1]
        if name in _TIMES:
            key, value = _TIMES[name][0], time.strftime(_TIMES[name][1], time.gmtime(moment))
        else:
            key, value = name, account if name == "accountid" else distribution_id
        return f"{key}={value}" if delivery.hive else value

    account_folder = f"aws-account-id={account}" if delivery.hive else account
    # Without a folder of the user's there is one of AWS's.
    first = delivery.prefix or f"AWSLogs/{account_folder}/CloudFront"
    parts = (first, _VARIABLE.sub(filled, delivery.path))
    return "/".join(part.strip("/") for part in parts if part.strip("/"))


def head(delivery: LogDelivery) -> str:
    """What stands at the top of a file."""
    return f"#Version: 1.0\n#Fields: {' '.join(delivery.fields)}\n" if delivery.format == "w3c" else ""


def line(delivery: LogDelivery, trace: Trace, *, cookies: bool) -> str:
    """The line of one request, with its line end."""
    known = dict(zip(standard.FIELDS.split(), standard.line_values(trace, cookies=cookies), strict=True))
    known["timestamp(ms)"] = str(int(values.finished(trace) * 1000))
    known |= {name: realtime.FIELDS[name](trace) for name in (*_SHARED, *_MORE) if name in delivery.fields}
    chosen = {name: known[name] for name in delivery.fields}
    if delivery.format in ("json", "parquet"):
        return json.dumps(chosen, separators=(",", ":")) + "\n"
    return delivery.delimiter.join(chosen.values()) + "\n"
