"""Page views at the edge: each page that somebody asked for, told once, on its way to the statistics.

`step.py` is what the triggers run. `view.py` makes the raw view, of what `page.py`, `people.py` and `countries.py` say;
`finish.py` makes the line of a file, where no state machine does. A site without statistics imports none of it.
"""
