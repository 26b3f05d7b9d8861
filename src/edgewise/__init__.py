"""Edgewise: see every request and steer every session of a site behind Amazon CloudFront."""

__version__ = "0.1.0"
