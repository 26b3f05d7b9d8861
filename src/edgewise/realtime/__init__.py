"""CloudFront's real-time log: which fields there are, in which order, and what record a line of it is; and the fields
of its standard log.

The store reads lines by it, the function that stands between CloudFront and OpenObserve does, and the local CDN writes
in its order. Standard library only, for it ships with that function.
"""

from edgewise.realtime.fields import FIELDS, STANDARD_FIELDS, TELLING, in_order
from edgewise.realtime.lines import LineError, decoded, record

__all__ = ["FIELDS", "STANDARD_FIELDS", "TELLING", "LineError", "decoded", "in_order", "record"]
