"""Every limit of CloudFront and Lambda@Edge that a site can run into, once, with its source.

Sources: "Quotas" and "Restrictions on edge functions" in the CloudFront developer guide, "Lambda quotas" in the
Lambda developer guide, as of April 2026.
"""

from __future__ import annotations

import re

# Quotas on distributions.
MAX_BEHAVIORS = 75  # the default behavior is not counted
MAX_ORIGINS = 100

# A function behind a function URL. Lambda takes 900 s, and CloudFront waits for an origin 120 s at most
# ("Response timeout" under "Origin settings").
IMAGE_MEMORY_MB = (128, 10_240)
IMAGE_TIMEOUT_S = (1, 120)
MAX_FUNCTION_NAME = 64

# A function's variables: CreateFunction in Lambda's API reference; "Defined runtime environment variables" and "Lambda
# quotas" in its developer guide. Lambda measures all of them as one JSON text, as its error shows.
VARIABLE = re.compile(r"[a-zA-Z][a-zA-Z0-9_]+")
RESERVED_VARIABLES = frozenset(
    {
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_DEFAULT_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_LAMBDA_RUNTIME_API",
        "AWS_REGION",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "LAMBDA_RUNTIME_DIR",
        "LAMBDA_TASK_ROOT",
    }
)
VARIABLES_BYTES = 4096

# A function in a VPC: the shape VpcConfig of CreateFunction; the ids as EC2 makes them.
MAX_SUBNETS, MAX_SECURITY_GROUPS = 16, 5
VPC_ID = re.compile(r"(?P<kind>subnet|sg)-([0-9a-f]{8}|[0-9a-f]{17})")

# Path patterns: "Path pattern" under "Cache behavior settings".
MAX_PATH_PATTERN = 255
PATH_PATTERN_CHARACTERS = re.compile(r"[A-Za-z0-9_\-.*$/~\"'@:+&?]*")

# Our names become part of CloudFormation's logical ids (letters and digits) and of function names (64
# characters). Each word starts with a letter so that no two names give one logical id.
MAX_NAME = 40
NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z][a-z0-9]*)*")

# Lambda's `Handler` property; ours is always module.attribute.
MAX_HANDLER = 128

# A custom origin is a DNS name, never an address ("Origin domain" under "Origin settings").
DOMAIN = re.compile(
    r"(?=.{1,253}\Z)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?", re.IGNORECASE
)

# How AWS names regions: an area, where in it, a number. It tells a slip from a region that is newer than our list of
# them, `regions.POSITIONS`.
_REGION = r"[a-z]{2}(?:-gov)?-(?:central|north|south|(?:north|south)?(?:east|west))-[1-9]"

# Who is told of an alarm: the API reference of CreateTopic. A topic in order takes no alarms.
EMAIL = re.compile(r"[^\s@<>]{1,64}@[^\s@<>]{1,190}\.[^\s@<>.]{2,63}")
TOPIC = re.compile(rf"arn:aws:sns:(?P<region>{_REGION}):[0-9]{{12}}:[A-Za-z0-9_-]{{1,256}}")

# The site's own names: "Quotas" and "Requirements for using alternate domain names" in the CloudFront developer guide,
# "Quotas" and "RequestCertificate" of ACM.
MAX_ALIASES = 100
MAX_CERTIFICATE_NAMES = 10
MAX_FIRST_NAME = 64
CERTIFICATE = re.compile(rf"arn:aws:acm:(?P<region>{_REGION}):[0-9]{{12}}:certificate/[A-Za-z0-9_-]{{1,128}}")
HOSTED_ZONE = re.compile(r"Z[A-Z0-9]{1,31}")
# "Supported protocols and ciphers between viewers and CloudFront": those without TLS 1.0 and 1.1.
TLS_POLICIES = ("TLSv1.2_2018", "TLSv1.2_2019", "TLSv1.2_2021", "TLSv1.2_2025", "TLSv1.3_2025")
TLS_POLICY = "TLSv1.2_2021"

# What our functions ask for. The law is 30 s and Lambda's own memory maximum for every trigger; viewer
# functions stay at the older 5 s and 128 MB, because the API refused more for years and a visitor waits.
RUNTIME = "python3.13"
VIEWER_MEMORY_MB, VIEWER_TIMEOUT_S = 128, 5
ORIGIN_MEMORY_MB, ORIGIN_TIMEOUT_S = 128, 10

TRIGGERS = ("viewer-request", "origin-request", "origin-response", "viewer-response")

# Where Lambda@Edge functions and their versions live ("Restrictions on Lambda@Edge").
HOME_REGION = "us-east-1"
# Of the partition that has CloudFront with Lambda@Edge: neither China nor GovCloud.
REGION = re.compile(rf"(?!cn-|us-gov-){_REGION}")

# The API references of CreateDeliveryStream, StartExecution, CreateEventBus, CreateSecret and PutParameter.
STREAM_NAME = re.compile(r"[a-zA-Z0-9_.-]{1,64}")
STATE_MACHINE = re.compile(rf"arn:aws:states:{_REGION}:[0-9]{{12}}:stateMachine:[A-Za-z0-9_.:+-]{{1,160}}")
BUS = re.compile(
    rf"[a-zA-Z0-9/._-]{{1,256}}|arn:aws:events:{_REGION}:[0-9]{{12}}:event-bus/[a-zA-Z0-9/._-]{{1,256}}"
)
SECRET_NAMES = {
    # AWS ends the ARNs in six characters of its own; without them it finds the secret, but no permission fits.
    "secrets-manager": re.compile(
        r"[A-Za-z0-9/_+=.@-]{1,512}"
        rf"|arn:aws:secretsmanager:{_REGION}:[0-9]{{12}}:secret:[A-Za-z0-9/_+=.@-]{{1,505}}-[A-Za-z0-9]{{6}}"
    ),
    "ssm": re.compile(
        r"/?[A-Za-z0-9_.-][A-Za-z0-9_./-]{0,511}"
        rf"|arn:aws:ssm:{_REGION}:[0-9]{{12}}:parameter/[A-Za-z0-9_./-]{{1,512}}"
    ),
}
KMS_KEY = re.compile(rf"arn:aws:kms:{_REGION}:[0-9]{{12}}:key/[A-Za-z0-9-]{{1,256}}")

# A role, whose path is part of its ARN: CreateRole in the API reference of IAM.
ROLE = re.compile(r"arn:aws:iam::[0-9]{12}:role/([!-~]{1,510}/)?[A-Za-z0-9_+=,.@-]{1,64}")

# A managed policy of AWS's or of an account's, whose path is part of its ARN: CreatePolicy there, and the pattern that
# CloudFormation has for `ManagedPolicyArns` of a role.
MANAGED_POLICY = re.compile(
    r"arn:aws:iam::(aws|[0-9]{12}):policy/([A-Za-z0-9_+=,.@/-]{1,510}/)?[A-Za-z0-9_+=,.@-]{1,128}"
)

# How long CloudWatch Logs can keep lines: PutRetentionPolicy in its API reference.
LOG_DAYS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288),
    3653,
)
# Where a log group can be subscribed to; PutSubscriptionFilter there, which wants all in one region.
LOG_DESTINATION = re.compile(
    rf"arn:aws:(?P<service>firehose|kinesis|logs):(?P<region>\{{region\}}|{_REGION}):[0-9]{{12}}:"
    r"(deliverystream/|stream/|destination:)[A-Za-z0-9_.-]{1,512}"
)

# OpenObserve's names of organizations and streams.
OPENOBSERVE_NAME = re.compile(r"[A-Za-z0-9_:-]+")
LOG_URL = re.compile(r"https?://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(/[!-~]*)?")
USER = re.compile(r"[^\x00-\x1f]*")

# The runtime at the edge takes these, see `edge/settings.py`. Each delivery has a module of its name there.
DELIVERIES = ("stdout", "openobserve", "firehose", "step-functions", "eventbridge")
BUDGET_MS = (1, 5000)
MAX_RECORDED_HEADERS = 10
RECORDED_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,39}")
UNRECORDED_HEADER = re.compile(
    r"(?i).*(cookie|auth(?!ors?\b)|token|secret|passw|passphrase|passcode|credential|bearer|jwt|saml|oidc|api-?key|session"
    r"|[cx]srf|signature|assertion|principal|ssl-client|forwarded|(viewer|remote|client)-addr).*"
    r"|(.*-)?(key|accesskey|certs?|certificate|dpop|hmac|otp|totp|pin|pwd|sid|ip(v[46])?|ur[il])(-.*)?"
    r"|referr?er"
)

# Headers that a function may add and that mean nothing to anybody else: "Restrictions on all edge functions".
OWN_HEADER = re.compile(r"(?i)x-(?!(amzn?|edge|accel|forwarded|cache|real-ip)(-|$))[a-z0-9-]*[a-z0-9]")

# Where the state of a release is kept.
RELEASE_STATES = ("dynamodb", "ssm")
# A cookie's name is a token (RFC 6265, section 4.1.1). Browsers keep a cookie for 400 days at most, and take the
# prefixes `__Host-` and `__Secure-` for promises.
COOKIE_NAME = re.compile(r"(?!__(?i:host|secure)-)[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}")
SESSION_MINUTES = (1, 400 * 24 * 60)
TTL_SECONDS = (5, 300)
DEADLINE_MS = (5, 1000)
MAX_EXCLUDED_PATHS = 50

# Page views. A stream with dynamic partitions holds records back for some time, up to 900 s: "Buffer data for dynamic
# partitioning" in the Firehose developer guide, which has no buffer of 0 there.
VIEW_PATHS = ("step-functions", "firehose")
FILE_FORMATS = ("json", "parquet")
CATALOGS = ("projection", "crawler")
FILE_DAYS = (1, 3650)
BUFFER_SECONDS = (60, 900)
BATCH_SECONDS = (0, 60)
# As the runtime at the edge takes it.
INDEX_PAGE = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9]{1,8}")
CLOUDFRONT_FUNCTION = re.compile(r"arn:aws:cloudfront::[0-9]{12}:function/[A-Za-z0-9_-]{1,64}")

# CloudFront's own logs: "Use real-time access logs" and "Configure standard logging (v2)" in the CloudFront developer
# guide; the API references of CreateStream and CreateDeliveryStream.
PERCENT = (1, 100)
REAL_TIME_BUFFER_SECONDS = (0, 900)
RETENTION_HOURS = (24, 8760)
# What a configuration has at most; the page that says so lists more.
MAX_REAL_TIME_FIELDS = 40
# Firehose speaks TLS, on its port alone.
FIREHOSE_URL = re.compile(r"https://[A-Za-z0-9._-]+(:443)?(/[!-~]*)?")
STANDARD_PLACES = ("s3", "cloudwatch", "firehose")
STANDARD_FORMATS = ("json", "plain", "w3c", "raw", "parquet")
LOG_PATH = re.compile(
    r"(/?([A-Za-z0-9_.=-]+|\{(DistributionId|distributionid|accountid|yyyy|MM|dd|HH)\})+)*/?"
)
DELIMITER = re.compile(r"[\t -~]{1,5}")
FIREHOSE_ARN = re.compile(r"arn:aws:firehose:us-east-1:[0-9]{12}:deliverystream/[A-Za-z0-9_-]{1,64}")
