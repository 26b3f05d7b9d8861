"""`edgewise doctor`: what stands between a site and its deployment, found by reading alone.

`diagnose` asks one thing after the other and yields what it finds; nothing is changed on AWS.
"""

from edgewise.cloud.doctor.diagnosis import diagnose
from edgewise.cloud.doctor.finding import Finding
from edgewise.cloud.doctor.names import Names, look_up

__all__ = ["Finding", "Names", "diagnose", "look_up"]
