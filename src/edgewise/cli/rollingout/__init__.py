"""The parts of `edgewise rollout`."""
