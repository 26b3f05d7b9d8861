"""What a delivery stream of Amazon Data Firehose does with records on their way to a bucket, as plain functions."""

from edgewise.localaws.firehose.destination import Destination, Record, read_destination
from edgewise.localaws.firehose.tables import Column

__all__ = ["Column", "Destination", "Record", "read_destination"]
