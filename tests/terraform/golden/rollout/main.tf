# Made by `edgewise synth` from the site file; change that one, not this.
#
# The site tea. Deploy it with credentials of your account:
#
#   terraform init
#   terraform plan
#   terraform apply
#
# Terraform keeps what it made in terraform.tfstate: say in a file of your own, such as backend.tf, where that is to be.
# The files here that Edgewise made are written anew by `edgewise synth`; yours it leaves alone.

terraform {
  required_version = ">= 1.5"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100"
    }
  }
}

# Lambda@Edge functions, and what CloudFront takes, are in us-east-1.
provider "aws" {
  region = "us-east-1"
}

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

locals {
  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
}
