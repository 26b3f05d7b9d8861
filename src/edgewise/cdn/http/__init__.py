"""HTTP/1.1 on both sides of the local CDN: connections of viewers, and connections to origins."""
