"""The parts of `edgewise replay`: sending, the connections it uses, the store's answer, the summary."""
