"""An independent judge: one small check per documented rule of CloudFront, for any address that claims to keep it."""
