"""Releases: their state, how it changes, where it is kept, and the judge who promotes them or rolls them back.

    Release, parse              the document that the functions at the edge read
    transitions.*               what may be done with a release
    Table, Parameter            where it is kept, on boto3's clients
    gather, judge, Rules        evidence from records, and what follows from it
    look, act                   one round of the judge
    function.lambda_handler     the judge on AWS

Contract: the standard library alone, and boto3 where AWS is asked, since this package runs as a Lambda function too. It
imports nothing of ours but `edgewise.errors`.
"""

from edgewise.rollout.asking import Records, gather
from edgewise.rollout.changes import HISTORY, change_record
from edgewise.rollout.errors import (
    ChangedError,
    DocumentError,
    EvidenceError,
    PlaceError,
    RolloutError,
    RulesError,
    StepError,
)
from edgewise.rollout.evidence import Evidence
from edgewise.rollout.judging import Verdict, judge
from edgewise.rollout.looking import Look, act, leave_record, look
from edgewise.rollout.places import Parameter, Place, Table, aws_client, has_credentials
from edgewise.rollout.release import STATES, Eviction, Release, Step, parse
from edgewise.rollout.rules import Rules, rules_from

__all__ = [
    "HISTORY",
    "STATES",
    "ChangedError",
    "DocumentError",
    "Eviction",
    "Evidence",
    "EvidenceError",
    "Look",
    "Parameter",
    "Place",
    "PlaceError",
    "Records",
    "Release",
    "RolloutError",
    "Rules",
    "RulesError",
    "Step",
    "StepError",
    "Table",
    "Verdict",
    "act",
    "aws_client",
    "change_record",
    "gather",
    "has_credentials",
    "judge",
    "leave_record",
    "look",
    "parse",
    "rules_from",
]
