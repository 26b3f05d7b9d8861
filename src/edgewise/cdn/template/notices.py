"""Parts of a template that the local CDN does not simulate: each becomes a `Notice`, nothing is left out in silence."""

from __future__ import annotations

from edgewise.cdn.distribution import Notice
from edgewise.cdn.template.node import Node

# What a part does not do here, and what happens instead.
_NOT_SIMULATED = {
    "distribution": {
        "WebACLId": "no request is blocked",
        "ContinuousDeploymentPolicyId": "all traffic goes to this distribution",
        "Staging": "it is run as an ordinary distribution",
    },
    "behavior": {
        "FunctionAssociations": "CloudFront Functions do not run",
        "TrustedKeyGroups": "signatures of URLs and cookies are not asked for",
        "TrustedSigners": "signatures of URLs and cookies are not asked for",
        "FieldLevelEncryptionId": "fields are not encrypted",
        "SmoothStreaming": "Smooth Streaming is not served",
        "GrpcConfig": "gRPC is not served",
    },
    # Developer Guide, "Restrictions on Lambda@Edge".
    "function": {
        "Environment": "Lambda@Edge has no environment variables, and none are set; a deployment would be refused",
        "Layers": "Lambda@Edge has no layers, and none are used; a deployment would be refused",
        "VpcConfig": "Lambda@Edge functions are in no VPC; a deployment would be refused",
        "DeadLetterConfig": "Lambda@Edge has no dead-letter queue; a deployment would be refused",
        "EphemeralStorage": "there is no limit on /tmp here",
        "ReservedConcurrentExecutions": "the limit here is --max-environments",
        "TracingConfig": "there is no tracing at the edge",
    },
    "origin": {
        "OriginShield": "requests go straight to the origin",
        "ResponseCompletionTimeout": "there is no limit on the whole answer's time",
    },
}

# Keys that are used, and keys that change nothing which could be seen on this machine. Any other is told of.
_KNOWN = {
    "distribution": {
        *(
            "Origins",
            "OriginGroups",
            "CacheBehaviors",
            "DefaultCacheBehavior",
            "DefaultRootObject",
            "Enabled",
        ),
        *("Aliases", "CustomErrorResponses", "Restrictions", "Logging"),
        *("CNAMEs", "Comment", "HttpVersion", "IPV6Enabled", "PriceClass", "ViewerCertificate"),
    },
    "behavior": {
        *("PathPattern", "TargetOriginId", "ViewerProtocolPolicy", "AllowedMethods", "CachedMethods"),
        *("CachePolicyId", "OriginRequestPolicyId", "ForwardedValues", "MinTTL", "DefaultTTL", "MaxTTL"),
        *("LambdaFunctionAssociations", "ResponseHeadersPolicyId", "Compress"),
        "RealtimeLogConfigArn",
    },
    "origin": {
        *("Id", "DomainName", "OriginPath", "OriginCustomHeaders", "CustomOriginConfig", "S3OriginConfig"),
        *("ConnectionAttempts", "ConnectionTimeout", "OriginAccessControlId"),
    },
    "function": {
        *("FunctionName", "Handler", "Runtime", "Code", "MemorySize", "Timeout", "Role", "Description"),
        *("Architectures", "PackageType", "Tags", "LoggingConfig", "RuntimeManagementConfig"),
    },
}


class Notices(list[Notice]):
    """The notices of one template, in the order in which it is read."""

    def of(self, kind: str, node: Node) -> None:
        """Look a mapping of one kind (a key of the tables above) over."""
        for name, instead in _NOT_SIMULATED[kind].items():
            if node.has(name):
                self.append(Notice(f"{node.key}.{name}", f"not simulated: {instead}"))
        for name in node.names_besides({*_KNOWN[kind], *_NOT_SIMULATED[kind]}):
            self.append(Notice(f"{node.key}.{name}", "not known here: it has no effect"))
