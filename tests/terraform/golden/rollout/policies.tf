# Made by `edgewise synth` from the site file; change that one, not this.

# What CloudFront's own policy of that name says, with the version in the key: versions never mix in a cache.
resource "aws_cloudfront_cache_policy" "optimized" {
  name        = "tea-optimized-by-version"
  comment     = "CachingOptimized, with the version in the key"
  min_ttl     = 0
  default_ttl = 86400
  max_ttl     = 31536000

  parameters_in_cache_key_and_forwarded_to_origin {
    enable_accept_encoding_gzip   = true
    enable_accept_encoding_brotli = true

    headers_config {
      header_behavior = "whitelist"

      headers {
        items = ["X-App-Version"]
      }
    }

    cookies_config {
      cookie_behavior = "none"
    }

    query_strings_config {
      query_string_behavior = "none"
    }
  }

  lifecycle {
    create_before_destroy = true # Deleted last: not while in use.
  }
}
