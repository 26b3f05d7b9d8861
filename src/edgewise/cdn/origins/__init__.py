"""Where answers come from: custom origins over HTTP, and buckets as folders."""
