"""What a resource would be called on AWS: what `Ref` and `Fn::GetAtt` give for the types that something here reads.

Source: "Return values" of each type in the CloudFormation reference. Other types get stand-ins (`intrinsics.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

ACCOUNT = "123456789012"
REGION = "us-east-1"
DISTRIBUTION_DOMAIN = "d111111abcdef8.cloudfront.net"
DISTRIBUTION_ID = "EDFDVBD6EXAMPLE"

# The property that names a resource, by its type; `Ref` gives that name where `REFERENCES` says nothing else.
NAMES: Mapping[str, str] = {
    "AWS::Athena::WorkGroup": "Name",
    "AWS::Events::EventBus": "Name",
    "AWS::Glue::Database": "DatabaseInput.Name",
    "AWS::Glue::Table": "TableInput.Name",
    "AWS::IAM::Role": "RoleName",
    "AWS::Kinesis::Stream": "Name",
    "AWS::KinesisFirehose::DeliveryStream": "DeliveryStreamName",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::Logs::DeliveryDestination": "Name",
    "AWS::Logs::DeliverySource": "Name",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::StepFunctions::StateMachine": "StateMachineName",
}

# What `Ref` gives where it is not the name, from the name, the region and the account.
REFERENCES: Mapping[str, Callable[[str, str, str], str]] = {
    "AWS::SQS::Queue": lambda name, region, account: f"https://sqs.{region}.amazonaws.com/{account}/{name}",
    "AWS::StepFunctions::StateMachine": lambda name, region, account: _state_machine(name, region, account),
}

# What `Fn::GetAtt` gives, from the same.
ATTRIBUTES: Mapping[str, Callable[[str, str, str], dict[str, str]]] = {
    "AWS::CloudFront::Distribution": lambda name, region, account: {
        "DomainName": DISTRIBUTION_DOMAIN,
        "Id": DISTRIBUTION_ID,
    },
    "AWS::Events::EventBus": lambda name, region, account: {
        "Arn": f"arn:aws:events:{region}:{account}:event-bus/{name}",
        "Name": name,
    },
    "AWS::IAM::Role": lambda name, region, account: {"Arn": f"arn:aws:iam::{account}:role/{name}"},
    "AWS::Kinesis::Stream": lambda name, region, account: {
        "Arn": f"arn:aws:kinesis:{region}:{account}:stream/{name}"
    },
    "AWS::KinesisFirehose::DeliveryStream": lambda name, region, account: {
        "Arn": f"arn:aws:firehose:{region}:{account}:deliverystream/{name}"
    },
    "AWS::Lambda::Function": lambda name, region, account: {
        "Arn": f"arn:aws:lambda:{region}:{account}:function:{name}"
    },
    "AWS::Lambda::Url": lambda name, region, account: {
        "FunctionUrl": f"https://{name.lower()}.lambda-url.{region}.on.aws/"
    },
    "AWS::Logs::DeliveryDestination": lambda name, region, account: {
        "Arn": f"arn:aws:logs:{region}:{account}:delivery-destination:{name}"
    },
    "AWS::Logs::LogGroup": lambda name, region, account: {
        "Arn": f"arn:aws:logs:{region}:{account}:log-group:{name}:*"
    },
    "AWS::S3::Bucket": lambda name, region, account: {
        "Arn": f"arn:aws:s3:::{name}",
        "DomainName": f"{name}.s3.amazonaws.com",
        "RegionalDomainName": f"{name}.s3.{region}.amazonaws.com",
        "WebsiteURL": f"http://{name}.s3-website-{region}.amazonaws.com",
    },
    "AWS::SQS::Queue": lambda name, region, account: {
        "Arn": f"arn:aws:sqs:{region}:{account}:{name}",
        "QueueName": name,
        "QueueUrl": f"https://sqs.{region}.amazonaws.com/{account}/{name}",
    },
    "AWS::StepFunctions::StateMachine": lambda name, region, account: {
        "Arn": _state_machine(name, region, account),
        "Name": name,
    },
}


def _state_machine(name: str, region: str, account: str) -> str:
    return f"arn:aws:states:{region}:{account}:stateMachine:{name}"
