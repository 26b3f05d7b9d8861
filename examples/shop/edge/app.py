"""The shop's own steps at the edge."""

from edgewise.edge import Edge, Request, Response

# Addresses of the old shop that still stand in other people's links.
MOVED = {
    "/catalogue": "/",
    "/catalogue.html": "/",
    "/items/1": "/products/kettle",
    "/items/2": "/products/lamp",
}

edge = Edge()


@edge.viewer_request
def send_old_links_on(request: Request) -> Response | None:
    """Answer at the edge; neither the cache nor the origin hears of it."""
    location = MOVED.get(request.path)
    return request.redirect(location, status=301) if location else None


@edge.origin_response
def add_security_headers(request: Request, response: Response) -> None:
    """What a browser may do with an answer of the shop."""
    response.headers.set("X-Content-Type-Options", "nosniff")
    response.headers.set("Referrer-Policy", "strict-origin-when-cross-origin")
    response.headers.set("Content-Security-Policy", "default-src 'self'; frame-ancestors 'none'")


handler = edge
