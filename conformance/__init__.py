"""An independent judge of CloudFront's documented behaviour: one small check per rule, for any address that claims it."""
