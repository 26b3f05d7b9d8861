"""Where a secret is kept on AWS. The secret itself is never in a value of ours."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Secret:
    """Where a secret is kept on AWS: `source` is `secrets-manager` or `ssm`, `name` its name there or its ARN.

    `kms_key` is the ARN of the key that encrypts it, if that is not the account's own for the service.
    """

    source: str
    name: str
    kms_key: str | None = None

    @property
    def plain_name(self) -> str:
        """The name without the rest of its ARN: what it is called where the account is another one."""
        if not self.name.startswith("arn:"):
            return self.name
        name = self.name.split(":", 5)[5]
        # Secrets Manager ends its ARNs in a hyphen and six characters.
        return name.removeprefix("parameter") if self.source == "ssm" else name.removeprefix("secret:")[:-7]


def region_of(name: str, region: str) -> str:
    """The region of an ARN; `region` for a name that is none."""
    return name.split(":")[3] if name.startswith("arn:") else region
