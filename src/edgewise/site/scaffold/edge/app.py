"""Your own steps at the edge. They run in CloudFront, before and after the origin; here as well as on AWS."""

from edgewise.edge import Edge, Request, Response

edge = Edge()


@edge.origin_response
def refuse_sniffing(request: Request, response: Response) -> None:
    """Browsers shall believe the content type that they are told."""
    response.headers.set("X-Content-Type-Options", "nosniff")


handler = edge
