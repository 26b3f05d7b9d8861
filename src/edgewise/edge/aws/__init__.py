"""Calls to AWS with the standard library alone: boto3 would cost an environment more than everything else together."""
