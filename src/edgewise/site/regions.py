"""Where AWS's regions are, and which of several is the nearest to each.

The places are those that AWS names its regions after, in whole degrees of latitude and longitude ("AWS Regions and
Availability Zones"). Distance over the ground stands for the time of a round trip: it is no measurement, and good
enough to choose between replicas that are an ocean apart.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

# Of the partition that has CloudFront with Lambda@Edge: those of botocore's `endpoints.json`.
POSITIONS = {
    "af-south-1": (-34, 18),  # Cape Town
    "ap-east-1": (22, 114),  # Hong Kong
    "ap-east-2": (25, 122),  # Taipei
    "ap-northeast-1": (36, 140),  # Tokyo
    "ap-northeast-2": (38, 127),  # Seoul
    "ap-northeast-3": (35, 135),  # Osaka
    "ap-south-1": (19, 73),  # Mumbai
    "ap-south-2": (17, 78),  # Hyderabad
    "ap-southeast-1": (1, 104),  # Singapore
    "ap-southeast-2": (-34, 151),  # Sydney
    "ap-southeast-3": (-6, 107),  # Jakarta
    "ap-southeast-4": (-38, 145),  # Melbourne
    "ap-southeast-5": (3, 102),  # Malaysia
    "ap-southeast-6": (-37, 175),  # New Zealand
    "ap-southeast-7": (14, 101),  # Thailand
    "ca-central-1": (46, -74),  # Montreal
    "ca-west-1": (51, -114),  # Calgary
    "eu-central-1": (50, 9),  # Frankfurt
    "eu-central-2": (47, 9),  # Zurich
    "eu-north-1": (59, 18),  # Stockholm
    "eu-south-1": (45, 9),  # Milan
    "eu-south-2": (42, -1),  # Spain, which is in Aragon
    "eu-west-1": (53, -6),  # Dublin
    "eu-west-2": (52, 0),  # London
    "eu-west-3": (49, 2),  # Paris
    "il-central-1": (32, 35),  # Tel Aviv
    "me-central-1": (24, 54),  # the Emirates
    "me-south-1": (26, 51),  # Bahrain
    "mx-central-1": (21, -100),  # Queretaro
    "sa-east-1": (-24, -47),  # Sao Paulo
    "us-east-1": (39, -77),  # Northern Virginia
    "us-east-2": (40, -83),  # Ohio
    "us-west-1": (37, -122),  # Northern California
    "us-west-2": (46, -120),  # Oregon
}

# Where CloudFront runs functions: "Set up IAM permissions and roles for Lambda@Edge", the list of the service-linked
# role for replicas, in the CloudFront developer guide.
EDGE_REGIONS = (
    *("ap-northeast-1", "ap-northeast-2", "ap-south-1", "ap-southeast-1", "ap-southeast-2"),
    *("eu-central-1", "eu-west-1", "eu-west-2", "sa-east-1"),
    *("us-east-1", "us-east-2", "us-west-1", "us-west-2"),
)


def nearest_replicas(replicas: Sequence[str]) -> dict[str, str]:
    """For each region the nearest of `replicas`; of two that are equally near the first."""
    return {
        region: min(replicas, key=lambda one: _angle(POSITIONS[region], POSITIONS[one]))
        for region in POSITIONS
    }


def _angle(here: tuple[int, int], there: tuple[int, int]) -> float:
    """The great circle between two places, as an angle (the haversine formula)."""
    (latitude, longitude), (other_latitude, other_longitude) = (
        (math.radians(degrees) for degrees in place) for place in (here, there)
    )
    height = math.sin((other_latitude - latitude) / 2) ** 2
    width = math.sin((other_longitude - longitude) / 2) ** 2
    return 2 * math.asin(math.sqrt(height + math.cos(latitude) * math.cos(other_latitude) * width))
