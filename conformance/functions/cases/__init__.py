"""What the kit's functions can be told to do, one small function a case."""
