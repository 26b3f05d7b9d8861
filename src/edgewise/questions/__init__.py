"""One set of questions about a site's traffic, for everything that asks: reports, the dashboard, OpenObserve, Athena.

    load()                    every question, by name
    question(name)            one of them
    bound(question, values)   one SELECT for the store, filters and parameters as literals
    athena(question, values)  the same in Athena's dialect
    datafusion(question, …)   the same for DataFusion, OpenObserve's engine
    saved_queries(database)   what page views in S3 are asked, for people in Athena's console
    bucket_for(start, end)    a fitting width for questions over time

Contract: text in, text out; nothing is run here. It imports nothing of ours but `edgewise.errors` and, for what a page
is, `edgewise.agents`.
"""

from edgewise.questions.binding import bound, question
from edgewise.questions.catalogue import PAGE_VIEWS, REQUESTS, SOURCES, UNITS, Column, Question, load
from edgewise.questions.dialects import athena, datafusion
from edgewise.questions.errors import QuestionError
from edgewise.questions.parameters import FILTERS, PARAMETERS, Parameter, bucket_for
from edgewise.questions.saved import SavedQuery, saved_queries

__all__ = [
    "FILTERS",
    "PAGE_VIEWS",
    "PARAMETERS",
    "REQUESTS",
    "SOURCES",
    "UNITS",
    "Column",
    "Parameter",
    "Question",
    "QuestionError",
    "SavedQuery",
    "athena",
    "bound",
    "bucket_for",
    "datafusion",
    "load",
    "question",
    "saved_queries",
]
