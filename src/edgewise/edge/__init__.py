"""What ships to Lambda@Edge: steps at CloudFront's four triggers, and a record of every request.

Standard library only, and little of that: a visitor waits for whatever is imported here.
"""

from .app import Edge
from .errors import EdgeError, LoadError
from .headers import Headers
from .request import Request
from .response import Response

__all__ = ["Edge", "EdgeError", "Headers", "LoadError", "Request", "Response"]
