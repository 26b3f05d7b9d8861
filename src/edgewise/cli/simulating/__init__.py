"""Parts of `edgewise simulate`: the access logs that it reads, and what it prints."""
