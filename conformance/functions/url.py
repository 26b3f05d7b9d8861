"""An origin behind a function URL: it answers with the event that it was given."""

import json
from typing import Any


def handler(event: dict[str, Any], context: Any) -> Any:
    headers = {"content-type": "application/json", "x-url": "called"}
    return {"statusCode": 201, "headers": headers, "body": json.dumps(event)}
