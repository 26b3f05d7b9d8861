"""A function that cannot be imported."""

import a_module_that_nobody_has  # type: ignore[import-not-found]


def handler(event: object, context: object) -> object:
    return a_module_that_nobody_has.answer(event)
