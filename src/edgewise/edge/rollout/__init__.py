"""Rollouts: which version of the app a visitor gets, and that he keeps it.

`step.py` is what the triggers run. `decision.py` decides; `knowledge.py` has what it is decided by, from `state.py` and
`release.py`, `sessions.py` and `tokens.py`; `origin.py` sends the request there. A site without a rollout imports none.
"""
