"""Access logs as CloudFront writes them: standard logs (files in a bucket) and real-time logs (records in a stream)."""
