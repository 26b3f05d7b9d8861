"""The salts of the visitors' hashes on AWS: a random one for each day, made before the day and deleted after it.

Contract: a boto3 client, a path and a time in; nothing here reads a salt. It imports `edgewise.errors` alone and ships
as a Lambda function of its own; the edge reads the parameter of the day.
"""

from edgewise.salts.errors import SaltsError
from edgewise.salts.keeping import Kept, forget_salts, keep_salts

__all__ = ["Kept", "SaltsError", "forget_salts", "keep_salts"]
