"""What can go wrong with the local CDN's own input. A viewer never sees these: see `errorpage.py` for that."""

from __future__ import annotations

from edgewise.errors import EdgewiseError


class TemplateError(EdgewiseError):
    """The CloudFormation template cannot be read, or says something that CloudFront would refuse."""

    code = "cdn.template"


class OriginError(EdgewiseError):
    """An origin of the template has no address that can be reached from this machine."""

    code = "cdn.origin"


class ListenError(EdgewiseError):
    """The address for viewers cannot be listened on."""

    code = "cdn.listen"


class RuntimeClientError(EdgewiseError):
    """Functions cannot be started on this machine."""

    code = "cdn.runtime"


class LocationError(EdgewiseError):
    """There is no edge location of that name."""

    code = "cdn.location"
