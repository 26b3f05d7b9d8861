"""Kinds of template errors that say more than that the template is wrong."""

from __future__ import annotations

from edgewise.cdn.errors import TemplateError


class NotHereError(TemplateError):
    """CloudFront may well take it, but this machine cannot know it or run it: another stack's export, code in S3."""


class ShapeError(TemplateError):
    """A text, a list or a mapping stands where another of them belongs: whatever it says, it is wrong."""
