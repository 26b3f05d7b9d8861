"""Parts of `edgewise simulate`: the traffic that its options mean, and what it says at the end."""
