"""A double of the AWS that a deployment speaks to: CloudFormation, Lambda, CloudFront and STS, over real HTTP.

Every call is parsed and validated by botocore's own models, and answered by them. It keeps what the real services
keep: numbered versions, ETags, replicas that hold functions back, change sets, events, tokens. A resource type that it
does not know fails; nothing is taken for granted. Other services (S3 above all) are moto's.
"""
