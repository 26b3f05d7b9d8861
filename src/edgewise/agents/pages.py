"""What a page is, as an expression of SQL over the columns of a request, for whichever engine."""

from __future__ import annotations

from typing import Final

# An answer of HTML to a GET: where no content type is known (a 304, a function that saw none), a path without the
# extension of a file.
PAGE: Final = """coalesce(
    method = 'GET'
    AND coalesce(status, 200) IN (200, 304)
    AND CASE
        WHEN content_type IS NOT NULL THEN lower(content_type) LIKE 'text/html%'
        ELSE path LIKE '%.html' OR path LIKE '%.htm' OR path !~ '^.*[.][^/]*$'
    END,
    false
)"""
