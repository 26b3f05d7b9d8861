"""From the site to AWS: what is shipped, deployed, looked after and taken down. With `rollout`, the user of boto3.

Take what you need from the modules; importing this one loads none of them. What is decided is decided by plain
functions over values; AWS is asked through the clients of `clients.py`, which are passed in.
"""

__all__: list[str] = []
