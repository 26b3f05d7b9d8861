"""What is broken, and what a visitor gets all the same: his page. What was not counted is told."""

from __future__ import annotations

import copy
import json
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.aws_double import AwsDouble, Params, Reply, answered_well, aws_on_loopback
from edge.doubles import HandClock, load_event
from edge.statistics.views import FIREFOX, Invoked, Visited, task_folder
from edgewise.edge.delivery.breaker import PAUSE_SECONDS
from edgewise.edge.delivery.courier import RESERVE_MS, Courier
from support.filter_pattern import matches

Start = Callable[..., Visited]
SALTS = {"from": "ssm", "name": "/shop/visitor-salts/{date}"}
LONG = "/%C3%A9é'\"<script>\n\x7f;--" * 400
NOBODY = "http://localhost:9"
RECORDS, VIEWS = '{ $.schema = "edge/*" }', '{ $.schema = "pageview/*" }'


@pytest.fixture
def aws(clock: HandClock) -> Iterator[AwsDouble]:
    with aws_on_loopback(clock) as double:
        yield double


def sent(aws: AwsDouble) -> list[dict[str, Any]]:
    """The views that AWS has taken."""
    views: list[dict[str, Any]] = []
    for target, params in aws.calls:
        if target.endswith("StartExecution"):
            views += json.loads(params["input"])
        elif target.endswith("PutRecordBatch"):
            views += [json.loads(record["Data"]) for record in params["Records"]]
    return views


def expected_answer() -> dict[str, Any]:
    """What the visitor gets where there are no statistics."""
    response: dict[str, Any] = load_event("viewer-response")["Records"][0]["cf"]["response"]
    response["headers"]["content-type"] = [{"key": "Content-Type", "value": "text/html; charset=utf-8"}]
    return response


def test_the_batch_that_step_functions_gets(start: Start, aws: AwsDouble) -> None:
    site = start(aws=aws, wait=True)
    site.visit()
    ((target, params),) = aws.calls
    assert target == "AWSStepFunctions.StartExecution"
    # In the partition and account of the function, in the region of the template.
    assert (
        params["stateMachineArn"] == "arn:aws-cn:states:us-east-1:111122223333:stateMachine:shop-page-views"
    )
    (view,) = json.loads(params["input"])
    assert view["schema"] == "pageview/1"
    assert aws.regions == {"us-east-1"}


def test_a_whole_arn_is_taken_as_it_is(start: Start, aws: AwsDouble) -> None:
    arn = "arn:aws:states:eu-west-1:123456789012:stateMachine:mine"
    start(aws=aws, wait=True, state_machine=arn).visit()
    assert aws.calls[0][1]["stateMachineArn"] == arn
    assert aws.regions == {"eu-west-1"}


def test_the_records_that_a_stream_gets_have_no_line_ends(start: Start, aws: AwsDouble) -> None:
    start(aws=aws, wait=True, path="firehose").visit()
    ((_, params),) = aws.calls
    assert params["DeliveryStreamName"] == "shop-page-views"
    assert [record["Data"][-1:] for record in params["Records"]] == [b"}"]


def test_views_gather_if_they_are_told_to(start: Start, aws: AwsDouble) -> None:
    site = start(aws=aws, wait=True, batch_seconds=30)
    for number in range(3):
        site.visit(request_id=f"{number}==")
        site.clock.pass_time(10)
    assert aws.calls == []
    site.visit("viewer-request")  # no view: whoever comes next takes them along
    assert [view["event_id"] for view in sent(aws)] == ["0==", "1==", "2=="]
    assert len(aws.calls) == 1


def test_what_fills_a_batch_does_not_wait_for_more(start: Start, aws: AwsDouble) -> None:
    site = start(aws=aws, wait=True, batch_seconds=60)
    count = 0
    while not aws.calls and count < 100:
        site.visit(request_id=f"{count}==", uri="/" + "a" * 1_100)
        count += 1
    assert 64 * 1024 / 2_000 < len(sent(aws)) <= count < 64


def test_the_answer_is_read_by_whoever_comes_next(start: Start, aws: AwsDouble) -> None:
    site = start(aws=aws, log={"delivery": "stdout"})
    site.visit()
    until = time.monotonic() + 20
    while time.monotonic() < until:
        site.visit("viewer-request")  # no view
        if site.output.records[-1]["views_sent"]:
            break
        time.sleep(0.005)
    assert [record["views_sent"] for record in site.output.records][-1] == 1
    assert len(sent(aws)) == 1


def test_what_failed_goes_with_the_next_view(start: Start, aws: AwsDouble) -> None:
    answers: list[Reply] = [(500, {"message": "down"})]
    aws.answer = lambda target, params: answers.pop() if answers else answered_well(target, params)
    site = start(aws=aws, wait=True)
    for name in ("a==", "b=="):
        site.visit(request_id=name)
        site.clock.pass_time(PAUSE_SECONDS + 1)
    assert {view["event_id"] for view in sent(aws)[1:]} == {"a==", "b=="}
    assert "status 500" in site.output.notes[0]


def test_a_dead_destination_costs_nobody_anything(start: Start, aws: AwsDouble) -> None:
    site = start(aws=aws, endpoint=NOBODY, log={"delivery": "stdout"})
    for number in range(600):
        assert site.visit(request_id=f"{number}==") == expected_answer()
    site.visit("viewer-request")
    record = site.output.records[-1]
    assert (record["views_sent"], record["views_dropped"]) == (0, 100)
    dropped = [line for line in site.output.records if line["schema"] == "pageview/1"]
    assert [view["event_id"] for view in dropped] == [f"{number}==" for number in range(100)]
    assert sum("localhost:9" in note for note in site.output.notes) == 1


def test_an_alarm_counts_each_that_was_given_up_once(start: Start, aws: AwsDouble) -> None:
    """By the lines that the functions print, with the patterns that a site's metric filters have."""
    log = {"delivery": "firehose", "stream_name": "records", "endpoint": NOBODY}
    site = start(aws=aws, endpoint=NOBODY, log=log)
    for number in range(600):
        site.visit("viewer-request", request_id=f"{number}==")
        site.visit(request_id=f"{number}==")
    records, views = sorted(site.dropped, reverse=True)
    assert records > 0 and views > 0
    counted = {
        pattern: sum(matches(pattern, line) for line in site.output.lines)
        for pattern in (RECORDS, VIEWS, f"{{ ({RECORDS[2:-2]}) || ({VIEWS[2:-2]}) }}")
    }
    assert sorted(counted.values()) == sorted((records, views, records + views))
    assert len(site.output.lines) > records + views  # why is told too, and not counted


def test_a_destination_that_refuses_is_told_with_the_view(start: Start, aws: AwsDouble) -> None:
    aws.answer = lambda target, params: (400, {"__type": "InvalidExecutionInput", "message": "no"})
    site = start(aws=aws, wait=True)
    assert site.visit() == expected_answer()
    assert [line["schema"] for line in site.output.records] == ["pageview/1"]
    assert "InvalidExecutionInput" in site.output.notes[0]


def test_without_the_account_views_wait(
    start: Start, aws: AwsDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = start(aws=aws, wait=True)
    monkeypatch.setattr(Invoked, "invoked_function_arn", "")
    assert site.visit() == expected_answer()
    assert "SettingsError" in site.output.notes[0]
    monkeypatch.undo()
    site.clock.pass_time(PAUSE_SECONDS + 1)
    site.visit("viewer-request")
    assert len(sent(aws)) == 1


class TestSalts:
    def answer(self, target: str, params: Params) -> Reply:
        if target.endswith("GetParameter"):
            assert params == {"Name": "/shop/visitor-salts/2027-01-15", "WithDecryption": True}
            return 200, {"Parameter": {"Name": params["Name"], "Value": "0123456789abcdef" * 4}}
        return answered_well(target, params)

    def test_environments_have_the_days_salt_in_common(self, start: Start, aws: AwsDouble) -> None:
        aws.answer = self.answer
        for _ in range(2):
            start(aws=aws, wait=True, key=SALTS).visit()
        first, second = sent(aws)
        assert first["visitor"] == second["visitor"]
        assert len(first["visitor"]) == 16

    @pytest.mark.parametrize(
        "reply",
        [
            (400, {"__type": "ParameterNotFound", "message": "there is none"}),
            (400, {"__type": "AccessDeniedException", "message": "no"}),
            (200, {"Parameter": {"Name": "a", "Value": "short"}}),
            (200, {"Parameter": {}}),
            (503, {"message": "down"}),
        ],
    )
    def test_without_a_salt_views_count_without_a_visitor(
        self, start: Start, aws: AwsDouble, reply: Reply
    ) -> None:
        aws.validates = False
        aws.answer = lambda target, params: (
            reply if target.endswith("GetParameter") else answered_well(target, params)
        )
        site = start(aws=aws, wait=True, key=SALTS)
        for number in range(3):
            assert site.visit(request_id=f"{number}==") == expected_answer()
        site.visit("viewer-request")
        views = sent(aws)
        assert [view["event_id"] for view in views] == ["0==", "1==", "2=="]
        assert all("visitor" not in view for view in views)
        assert sum("edgewise: statistics:" in note for note in site.output.notes) == 1  # told once
        assert "short" not in "".join(site.output.lines)

    def test_it_is_asked_for_before_the_first_view(self, start: Start, aws: AwsDouble) -> None:
        aws.answer = self.answer
        site = start(aws=aws, wait=True, key=SALTS)
        for _ in range(3):
            site.visit("viewer-request")
        assert [target for target, _ in aws.calls] == ["AmazonSSM.GetParameter"]

    def test_what_a_visitor_waits_for_it_the_delivery_has_no_more(
        self, start: Start, aws: AwsDouble, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def answer(target: str, params: Params) -> Reply:
            aws.clock.pass_time(1.2)
            return self.answer(target, params)

        aws.answer = answer
        left: list[float] = []
        for trigger, call in (("viewer-request", "advance"), ("viewer-response", "deliver_line")):
            site = start(aws=aws, budget_ms=3000, wait=True, key=SALTS)
            monkeypatch.setattr(Courier, call, lambda *arguments: left.append(arguments[-1]))
            site.visit(trigger)
        # The courier leaves the last of what it is told alone.
        assert [round(each - RESERVE_MS) for each in left] == [1800, 1800]

    def test_at_midnight_the_next_is_asked_for_and_the_last_is_gone(
        self, start: Start, aws: AwsDouble
    ) -> None:
        """Deleted at its source, it must not live on where an environment does."""
        salts = {f"2027-01-{day}": f"{day}" * 32 for day in (15, 16, 17)}

        def answer(target: str, params: Params) -> Reply:
            name = str(params.get("Name", ""))
            if target.endswith("GetParameter"):
                return 200, {"Parameter": {"Name": name, "Value": salts[name.rpartition("/")[2]]}}
            return answered_well(target, params)

        aws.answer = answer
        site = start(aws=aws, wait=True, key=SALTS)
        for number, salt in enumerate(salts.values(), 1):
            site.visit("viewer-request")  # before there is a view
            assert sum(target.endswith("GetParameter") for target, _ in aws.calls) == number
            site.visit()
            kept = [entry.value for entry in site.edge.memory._entries.values()]
            assert kept == [salt]
            site.clock.pass_time(86_400)
        views = sent(aws)
        assert len({view["visitor"] for view in views}) == len(views) == 3

    def test_the_last_is_gone_though_there_is_no_next(self, start: Start, aws: AwsDouble) -> None:
        aws.answer = self.answer
        site = start(aws=aws, wait=True, key=SALTS)
        site.visit()
        aws.answer = lambda target, params: (
            (400, {"__type": "ParameterNotFound", "message": "there is none"})
            if target.endswith("GetParameter")
            else answered_well(target, params)
        )
        site.clock.pass_time(86_400)
        site.visit("viewer-request")
        assert not [entry.value for entry in site.edge.memory._entries.values() if entry.value]
        counter = site.edge._statistics._counter  # type: ignore[union-attr]
        assert counter is not None and counter._keys._key == b""

    def test_one_that_is_on_its_way_is_no_failure(self, start: Start, aws: AwsDouble) -> None:
        aws.answer = self.answer
        aws.held.clear()
        site = start(aws=aws, budget_ms=5, key=SALTS)
        assert site.visit() == expected_answer()
        aws.held.set()
        until = time.monotonic() + 20
        while not any("visitor" in view for view in sent(aws)) and time.monotonic() < until:
            site.visit()
            time.sleep(0.01)
        first, *_, last = sent(aws)
        assert ("visitor" in first, "visitor" in last) == (False, True)
        assert site.output.lines == []


@pytest.mark.parametrize("missing", ["edgewise_agents.json", "edgewise_countries.bin"])
@pytest.mark.parametrize("content", [None, b"", b"{", b"EWCTRY1\0" + bytes(600)])
def test_data_that_cannot_be_read_are_told_and_missing(
    start: Start, tmp_path: Path, missing: str, content: bytes | None
) -> None:
    folder = task_folder(tmp_path)
    (folder / missing).unlink()
    if content is not None:
        (folder / missing).write_bytes(content)
    site = start(folder=folder, countries=True)
    view = site.view(clientIp="81.2.69.160")
    assert view is not None
    assert ("bot" in view, "country" in view) == (missing != "edgewise_agents.json", missing[9] != "c")
    assert [missing in note for note in site.output.notes] == [True]


def test_settings_that_are_wrong_take_nothing_down(start: Start) -> None:
    site = start(path="carrier-pigeon")
    assert site.visit() == expected_answer()
    assert "statistics.path" in site.output.notes[0]


def test_a_delivery_that_cannot_be_made_leaves_the_rest(start: Start) -> None:
    site = Visited.__new__(Visited)
    site.deliver = broken  # type: ignore[method-assign]
    site.__init__(Path("/nowhere"), log={"delivery": "stdout"})  # type: ignore[misc]
    assert site.visit("viewer-request")["uri"]
    assert site.output.records[0]["failure"].startswith("statistics: RuntimeError")


def broken(asked: dict[str, Any], environment: Any, write: Any) -> Any:
    from edgewise.edge.delivery import make_delivery

    if asked["delivery"] != "stdout":
        raise RuntimeError("no connection can be made")
    return make_delivery(asked, environment, write)


def test_8_kb_of_everything(site: Visited) -> None:
    names = ("User-Agent", "Referer", "Accept-Language", "Host", "Sec-Purpose", "X-Edgewise-Viewer")
    answer = site.visit(
        headers=dict.fromkeys(names, LONG),
        uri=LONG,
        querystring=f"utm_source={LONG}&utm_campaign={'%' * 8000}&utm_medium={'%41' * 2700}",
        clientIp=LONG,
        request_id=LONG,
    )
    assert answer == expected_answer()
    (line,) = site.handed.lines
    assert len(line) < 20_000
    assert line.isascii()
    assert not {"\n", "\x7f"} & set(line)
    assert site.edge.environment.failed_steps == 0


TREES: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(alphabet=st.characters(exclude_categories=()), max_size=20),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(("key", "value")), inner),
    max_leaves=4,
)
NAMES = ("user-agent", "referer", "accept-language", "host", "purpose", "cloudfront-viewer-country")
WHOLE = [
    Visited(Path("/nowhere"), counts_at=counts_at, path=path)
    for counts_at in ("viewer-response", "origin-response")
    for path in ("step-functions", "firehose")
]


@settings(deadline=None)
@given(st.data())
def test_headers_of_any_shape_fail_no_request(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    site = data.draw(st.sampled_from(WHOLE))
    trigger = data.draw(st.sampled_from(("viewer-request", "origin-response", "viewer-response")))
    event = load_event(trigger)
    cf = event["Records"][0]["cf"]
    cf["request"]["headers"] |= data.draw(st.dictionaries(st.sampled_from(NAMES), TREES))
    for name in data.draw(st.sets(st.sampled_from(("clientIp", "method", "querystring", "uri")))):
        cf["request"][name] = data.draw(TREES)
    cf["config"]["requestId"] = data.draw(TREES)
    if "response" in cf:
        cf["response"]["headers"]["content-type"] = [{"key": "Content-Type", "value": "text/html"}]
        cf["response"]["headers"] |= data.draw(
            st.dictionaries(st.sampled_from(("content-type", "x-edgewise-viewer")), TREES)
        )
    kept = copy.deepcopy(cf.get("response", cf["request"]))
    answer = site.edge(event, Invoked())
    for each in (kept, answer):
        each["headers"].pop("x-edgewise-viewer", None)
    assert answer == kept


def test_an_event_without_most_of_what_it_has_is_counted(site: Visited) -> None:
    event = {
        "Records": [
            {
                "cf": {
                    "config": {"eventType": "viewer-response"},
                    "request": {"method": "GET", "uri": "/", "headers": {}},
                    "response": {"status": "200", "headers": {}},
                }
            }
        ]
    }
    site.edge(event, Invoked())
    (view,) = site.handed.views
    assert view["event_id"] == Invoked().aws_request_id
    assert (view["page"], view["host"], view["bot"]) == ("/", "", True)


def test_without_a_log_failures_are_told_on_standard_output(
    start: Start, folder: Path, tmp_path: Path
) -> None:
    site = start(folder=shutil.copytree(folder, tmp_path / "task"))

    def fail(line: str, remaining_ms: float) -> None:
        raise OSError(5, "secret")

    site.handed.deliver_line = fail  # type: ignore[method-assign]
    assert site.visit(headers={"User-Agent": FIREFOX}) == expected_answer()
    assert [note.partition(" at ")[0] for note in site.output.notes] == ["edgewise: statistics: OSError 5"]
