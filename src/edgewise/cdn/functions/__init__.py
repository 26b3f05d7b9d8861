"""Lambda functions as processes of the real runtime client, speaking to our Runtime API."""
