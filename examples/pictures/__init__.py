"""The README's pictures and the traffic that they show."""
