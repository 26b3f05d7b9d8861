"""A kind of template error that says nothing against the template itself."""

from __future__ import annotations

from edgewise.cdn.errors import TemplateError


class NotHereError(TemplateError):
    """CloudFront may well take it, but this machine cannot know it or run it: another stack's export, code in S3."""
