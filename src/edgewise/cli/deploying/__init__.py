"""What the commands that change AWS share; each imports from here when it runs."""
