# Made by `edgewise synth` from the site file; change that one, not this.

# Read at the edge from the nearest replica, written in us-east-1. What is in it means nothing without the
# site.
resource "aws_dynamodb_table" "release" {
  name             = "tea-release"
  billing_mode     = "PAY_PER_REQUEST"
  hash_key         = "id"
  stream_enabled   = true
  stream_view_type = "NEW_AND_OLD_IMAGES"

  attribute {
    name = "id"
    type = "S"
  }

  replica {
    region_name = "eu-west-1"
  }

  replica {
    region_name = "ap-southeast-1"
  }
}

resource "aws_dynamodb_table" "sessions" {
  name             = "tea-sessions"
  billing_mode     = "PAY_PER_REQUEST"
  hash_key         = "token"
  stream_enabled   = true
  stream_view_type = "NEW_AND_OLD_IMAGES"

  attribute {
    name = "token"
    type = "S"
  }

  ttl {
    attribute_name = "expires"
    enabled        = true
  }

  replica {
    region_name = "eu-west-1"
  }

  replica {
    region_name = "ap-southeast-1"
  }
}
