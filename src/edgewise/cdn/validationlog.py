"""CloudFront's own log of results that broke a rule: what it writes beside the logs of the function itself.

Source: CloudFront Developer Guide, "Test and debug Lambda@Edge functions". The group is in the region in which the
function ran; how its streams are called is not documented.
"""

from __future__ import annotations

import time

from edgewise.cdn.failure import RequestFailure
from edgewise.cdn.functions.logs import LogEvent
from edgewise.cdn.trace import Trace


def validation_event(trace: Trace, failure: RequestFailure, now: float) -> LogEvent | None:
    """The line about a failed request; None for a failure of another kind. `now` is in seconds since the epoch."""
    if failure.result != "LambdaValidationError":
        return None
    return LogEvent(
        region=trace.region,
        group=f"/aws/cloudfront/LambdaEdge/{trace.distribution_id}",
        stream=f"{time.strftime('%Y/%m/%d', time.gmtime(now))}/{trace.edge_location}",
        time=now,
        message=f"({trace.request_id}) {failure.detail}",
    )
