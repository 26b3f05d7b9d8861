"""Sites that between them have all that a site file can ask AWS for."""

from __future__ import annotations

from edgewise.site.policies import CACHE_POLICIES, ORIGIN_REQUEST_POLICIES

_KMS = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
_BEHAVIORS = "".join(
    f'[[behaviors]]\npath = "/{cache}/*"\norigin = "v1"\ncache = "{cache}"\n' for cache in CACHE_POLICIES
) + "".join(
    f'[[behaviors]]\npath = "/to/{forward}/*"\norigin = "v1"\nforward = "{forward}"\n'
    for forward in (*ORIGIN_REQUEST_POLICIES, "none")
)
_WHOLE = f"""
name = "whole"
[origins.v1]
domain = "v1.example.com"
[origins.v2]
domain = "v2.example.com"
[origins.files]
folder = "public"
[origins.near]
image = "."
policies = ["arn:aws:iam::aws:policy/AmazonDynamoDBReadOnlyAccess", "arn:aws:iam::111122223333:policy/near"]
[origins.near.environment]
TITLE = 'a ${{b}} %{{c}} "d"'
[origins.far]
image = "."
region = "eu-central-1"
timeout_s = 60
subnets = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
security_groups = ["sg-0123456789abcdef0"]
[origins.far.secrets]
DATABASE_SECRET = {{ from = "secrets-manager", name = "far/database" }}
TOKEN_NAME = {{ from = "ssm", name = "/far/token" }}
[default]
origin = "v1"
{_BEHAVIORS}
[[behaviors]]
path = "/near/*"
origin = "near"
[[behaviors]]
path = "/far/*"
origin = "far"
[[behaviors]]
path = "/files/*"
origin = "files"
[log]
delivery = "openobserve"
url = "https://logs.example.com"
token = {{ from = "secrets-manager", name = "log/token", kms_key = "{_KMS}" }}
[rollout]
stable = "v1"
new = "v2"
regions = ["us-east-1", "eu-west-1", "ap-southeast-1"]
key = {{ from = "secrets-manager", name = "app/key" }}
[rollout.sessions]
cookie = "session"
[rollout.judge]
user = "judge@example.com"
password = {{ from = "ssm", name = "/app/judge" }}
[statistics]
format = "parquet"
catalog = "crawler"
[domain]
names = ["example.com", "*.example.com"]
hosted_zone = {{ name = "example.com", id = "Z0123456789ABC" }}
[alarms]
email = "ops@example.com"
more_metrics = true
[real_time_log]
url = "https://logs.example.com"
access_key = {{ from = "secrets-manager", name = "arn:aws:secretsmanager:us-east-1:111122223333:secret:log-AbCdEf" }}
[standard_log]
format = "w3c"
"""
_BUCKET = '[origins.files]\nfolder = "public"\n[default]\norigin = "files"\n'
CLOUDFRONT_FUNCTION = "arn:aws:cloudfront::111122223333:function/bound"
_STREAM = "arn:aws:firehose:us-east-1:111122223333:deliverystream/lines"

SITES = {
    "whole": _WHOLE,
    "public": 'name = "public"\n[origins.app]\nimage = "."\naccess = "public"\n[default]\norigin = "app"\n',
    "views": f'name = "views"\n{_BUCKET}[statistics]\npath = "firehose"\n',
    "own-names": f'name = "own-names"\n{_BUCKET}[domain]\nnames = ["example.com"]\n'
    'certificate = "arn:aws:acm:us-east-1:111122223333:certificate/11111111-2222-3333-4444-555555555555"\n'
    '[alarms]\ntopic = "arn:aws:sns:us-east-1:111122223333:ops"\n[standard_log]\nto = "cloudwatch"\n'
    f'[[behaviors]]\npath = "/bound/*"\norigin = "files"\nviewer_function = "{CLOUDFRONT_FUNCTION}"\n',
    "parameter": 'name = "parameter"\n[origins.v1]\ndomain = "v1.example.com"\n[origins.v2]\n'
    'domain = "v2.example.com"\n[default]\norigin = "v1"\n[log]\n[rollout]\nstable = "v1"\nnew = "v2"\nstate = "ssm"\n'
    f'key = {{ from = "ssm", name = "/key" }}\n[standard_log]\nto = "firehose"\nstream_arn = "{_STREAM}"\n',
}
