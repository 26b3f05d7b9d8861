"""The parts of `edgewise stats`: its period, what it asks, how figures are written, and the page on the terminal."""
