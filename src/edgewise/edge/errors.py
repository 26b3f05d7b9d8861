"""The errors that the edge runtime raises on purpose, each with a stable `code`.

They have their own root: what ships to Lambda@Edge imports nothing else of Edgewise.
"""


class EdgeError(Exception):
    """Something the author of a site can mend; the message says what is wrong and what to do instead."""

    code = "edge"


class EventError(EdgeError):
    """The event is not one that CloudFront sends to a Lambda@Edge function."""

    code = "edge.event"


class MessageError(EdgeError):
    """A request or response was given a value for which CloudFront would answer 502."""

    code = "edge.message"


class TooLargeError(MessageError):
    """A body is over the limit of the trigger it was made in."""

    code = "edge.too-large"


class StepError(EdgeError):
    """A step returned something that is neither a Response nor None."""

    code = "edge.step"


class SettingsError(EdgeError):
    """The settings that were baked into the bundle cannot be used."""

    code = "edge.settings"
