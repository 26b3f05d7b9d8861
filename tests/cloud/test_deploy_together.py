"""Two people at once, one who is interrupted, and an AWS that throttles, refuses or forgets who asks."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cloud.dying import die
from cloud.workshop import Workshop
from edgewise.cloud.assets import Assets
from edgewise.cloud.errors import (
    BusyError,
    ChangedError,
    CloudError,
    CredentialsError,
    JournalError,
    LockedError,
    StackError,
)

BUCKET = "tea-edgewise-assets-123456789012"


def leave_lock(workshop: Workshop, hours: float) -> None:
    since = datetime.now(UTC) - timedelta(hours=hours)
    lock = {"run": "other", "owner": "grace", "host": "desk", "since": since.isoformat(timespec="seconds")}
    workshop.clients("s3").put_object(Bucket=BUCKET, Key="lock.json", Body=json.dumps(lock).encode())


def test_who_comes_second_is_told_who_deploys(workshop: Workshop) -> None:
    workshop.deploy()
    workshop.code("second")
    leave_lock(workshop, hours=0.1)

    with pytest.raises(LockedError, match="grace on desk deploys this site, since") as refused:
        workshop.deploy()

    assert "--break-lock" not in str(refused.value.hint)
    assert set(workshop.served.values()) == {1}
    assert workshop.objects("lock") == ["lock.json"]


def test_a_lock_that_is_old_is_named_and_can_be_broken(workshop: Workshop) -> None:
    workshop.deploy()
    workshop.code("second")
    leave_lock(workshop, hours=3)
    with pytest.raises(LockedError) as refused:
        workshop.deploy()
    assert "over 3 hours ago" in str(refused.value.hint)
    deployment = workshop.deployment()

    deployment.carry_out(workshop.plan(deployment), break_lock=True)

    assert set(workshop.served.values()) == {2}
    assert workshop.objects("lock") == []


def test_two_at_once_end_with_one_deployment(workshop: Workshop) -> None:
    """The other one, in a folder of its own, comes while the first holds the lock."""
    workshop.deploy()
    workshop.code("second")
    refused: list[CloudError] = []

    def other() -> None:
        deployment = workshop.deployment("elsewhere")
        try:
            deployment.carry_out(deployment.plan(workshop.package(deployment)))
        except CloudError as error:
            refused.append(error)

    deployment = workshop.deployment()
    deployment.estate.tell = lambda step, sentence: other() if step == "execute" else None

    deployment.carry_out(workshop.plan(deployment))

    assert isinstance(refused[0], LockedError)
    assert set(workshop.served.values()) == {2}


def test_one_folder_deploys_once_at_a_time(workshop: Workshop) -> None:
    deployment, other = workshop.deployment(), workshop.deployment()
    plan = workshop.plan(deployment)

    with (
        deployment.estate.journal.held(),
        pytest.raises(LockedError, match="is being deployed from this folder"),
    ):
        other.carry_out(plan)


def test_a_plan_that_somebody_overtook_is_not_carried_out(workshop: Workshop) -> None:
    workshop.deploy()
    workshop.code("second")
    deployment = workshop.deployment()
    plan = workshop.plan(deployment)
    workshop.code("third")
    workshop.deploy()

    with pytest.raises(ChangedError, match="somebody else deployed since the plan was made"):
        deployment.carry_out(plan)

    assert set(workshop.served.values()) == {2}
    assert workshop.objects("lock") == []


def test_a_stack_that_others_change_is_left_alone(workshop: Workshop) -> None:
    workshop.deploy()
    stack = workshop.double.formation.named("tea")
    assert stack is not None
    stack.begin(stack.update(stack.body, stack.values), "others")
    stack.look()
    stack.status = "UPDATE_IN_PROGRESS"

    with pytest.raises(BusyError, match="the stack is being changed: UPDATE_IN_PROGRESS"):
        workshop.plan()


def test_ctrl_c_releases_the_lock_and_the_next_one_goes_on(workshop: Workshop) -> None:
    workshop.deploy()
    workshop.code("second")
    deployment = workshop.deployment()

    def interrupted(step: str, sentence: str) -> None:
        if step == "event":
            raise KeyboardInterrupt

    deployment.estate.tell = interrupted
    with pytest.raises(KeyboardInterrupt):
        deployment.carry_out(workshop.plan(deployment))
    assert workshop.objects("lock") == []

    result = workshop.deployment().resume()

    assert result is not None
    assert result.number == 2
    assert set(workshop.served.values()) == {2}


def test_what_was_begun_is_finished_before_what_was_changed_since(workshop: Workshop) -> None:
    workshop.deploy()
    workshop.code("second")
    workshop.double.refuse = lambda service, operation: (
        ("AccessDenied", "not any more") if operation == "DescribeStackEvents" else None
    )
    with pytest.raises(CloudError, match="not any more"):
        workshop.deploy()
    workshop.code("third")
    workshop.double.refuse = lambda service, operation: None

    assert workshop.deploy().number == 3
    assert set(workshop.served.values()) == {3}


def test_credentials_that_end_half_way_are_named_and_the_next_one_goes_on(workshop: Workshop) -> None:
    workshop.deploy()
    workshop.code("second")
    looks: list[int] = []

    def refuse(service: str, operation: str) -> tuple[str, str] | None:
        looks.append(operation == "DescribeStackEvents")
        return (
            ("ExpiredToken", "The security token included in the request is expired")
            if sum(looks) > 1
            else None
        )

    workshop.double.refuse = refuse
    with pytest.raises(CredentialsError, match="ExpiredToken"):
        workshop.deploy()
    workshop.double.refuse = lambda service, operation: None

    assert workshop.deploy().number == 0
    assert set(workshop.served.values()) == {2}
    assert workshop.objects("history") == ["history/000001.json", "history/000002.json"]
    assert workshop.objects("lock") == []


def test_being_asked_to_slow_down_while_waiting_is_no_failure(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    workshop.deploy()
    workshop.code("second")
    asked: list[str] = []

    def refuse(service: str, operation: str) -> tuple[str, str] | None:
        asked.append(operation)
        # Longer than boto3 itself is patient.
        patience = asked.count("DescribeStackEvents")
        return (
            ("Throttling", "Rate exceeded") if operation == "DescribeStackEvents" and patience < 12 else None
        )

    workshop.double.refuse = refuse

    assert workshop.deploy().number == 2


def test_a_template_that_is_not_accepted_changes_nothing(workshop: Workshop) -> None:
    workshop.deploy()
    workshop.code("second")
    deployment = workshop.deployment()
    plan = workshop.plan(deployment)
    workshop.double.formation.reject = "Template error: instance of Fn::GetAtt references undefined resource"

    with pytest.raises(StackError, match="does not accept the template: Template error"):
        deployment.carry_out(plan)

    workshop.double.formation.reject = ""
    assert set(workshop.served.values()) == {1}
    assert workshop.deploy().number == 2


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "null",
        "{}",
        '{"id": 1, "action": "deploy", "digest": ""}',
        '{"id": "a", "action": "deploy", "digest": "", "gone": "eu-central-1"}',
        '{"id": "a", "action": "deploy", "digest": "", "gone": [1]}',
        '{"id": "a", "action": "deploy", "digest": "", "apps": {"eu-central-1": {"template": "t"}}}',
        '{"id": "a", "action": "deploy", "digest": "", "apps": []}',
        '{"id": "a", "action": "deploy", "digest": "", "mood": "good"}',
    ],
)
def test_a_note_that_nobody_can_read_is_named(workshop: Workshop, text: str) -> None:
    note = workshop.folder / ".edgewise" / "deploy-123456789012.json"
    note.parent.mkdir(exist_ok=True)
    note.write_text(text)

    with pytest.raises(JournalError, match="the unfinished run cannot be read") as refused:
        workshop.deploy()

    assert refused.value.file == str(note)
    assert "move this file away" in str(refused.value.hint)


def test_a_right_that_is_missing_is_named(workshop: Workshop) -> None:
    workshop.double.refuse = lambda service, operation: (
        ("AccessDenied", "User ada is not authorized to perform cloudformation:DescribeStacks")
        if operation == "DescribeStacks"
        else None
    )

    with pytest.raises(
        CloudError, match="not authorized to perform cloudformation:DescribeStacks"
    ) as refused:
        workshop.plan()

    assert "edgewise doctor" in str(refused.value.hint)


def test_a_crash_and_another_idea_need_no_lock_to_be_broken(workshop: Workshop) -> None:
    """What was killed held the lock; what is deployed then is something else."""
    workshop.deploy()
    for word in ("second", "third"):
        workshop.code(word)
        die(workshop, workshop.deploy, "put_object functions/", before=True)
    assert workshop.objects("lock") == ["lock.json"]
    workshop.code("fourth")

    assert workshop.deploy().number == 2
    assert workshop.objects("lock") == []


def test_a_lock_that_a_crash_left_goes_though_the_stack_is_gone(workshop: Workshop) -> None:
    workshop.deploy()
    workshop.code("second")
    workshop.double.refuse = lambda service, operation: (
        ("AccessDenied", "the process is gone") if (service, operation) == ("s3", "DELETE") else None
    )
    deployment = workshop.deployment()

    def killed(step: str, sentence: str) -> None:
        if step == "event":
            raise KeyboardInterrupt

    deployment.estate.tell = killed
    with pytest.raises(CloudError, match="the process is gone"):
        deployment.carry_out(workshop.plan(deployment))
    assert workshop.objects("lock") == ["lock.json"]
    workshop.double.refuse = lambda service, operation: None
    # Somebody deletes the stack in the console meanwhile.
    workshop.double.begin_formation_anew()

    assert workshop.deployment().resume() is None

    assert workshop.objects("lock") == []
    assert workshop.deploy().outputs["DistributionId"]


def test_a_change_set_that_others_overtook_after_a_crash_is_planned_anew(workshop: Workshop) -> None:
    """Between the note that it begins and the call that begins it; the stack was changed without a change set."""
    workshop.deploy()
    workshop.code("second")
    workshop.double.refuse = lambda service, operation: (
        ("AccessDenied", "not yet") if operation == "ExecuteChangeSet" else None
    )
    with pytest.raises(CloudError, match="not yet"):
        workshop.deploy()
    workshop.double.refuse = lambda service, operation: None
    stack = workshop.double.formation.named("tea")
    assert stack is not None
    for one in stack.change_sets.values():
        one.execution = "OBSOLETE"

    assert workshop.deploy().number == 2
    assert set(workshop.served.values()) == {2}


def test_a_change_set_that_is_still_being_made_does_not_stand_in_the_way_of_another_idea(
    workshop: Workshop,
) -> None:
    workshop.deploy()
    workshop.code("second")
    workshop.double.refuse = lambda service, operation: (
        ("AccessDenied", "not any more") if operation == "DescribeChangeSet" else None
    )
    with pytest.raises(CloudError, match="not any more"):
        workshop.deploy()
    workshop.double.refuse = lambda service, operation: None
    workshop.code("third")

    assert workshop.deploy().number == 2
    assert set(workshop.served.values()) == {2}


def test_a_folder_that_cannot_be_written_is_named(workshop: Workshop) -> None:
    deployment = workshop.deployment("elsewhere")
    plan = deployment.plan(workshop.package(deployment))
    (workshop.folder / "elsewhere").write_text("a file where the folder would be")

    with pytest.raises(JournalError, match="the run cannot be written down"):
        deployment.carry_out(plan)

    assert workshop.double.formation.stacks == {}


def test_an_update_that_cannot_even_be_taken_back_is_named_with_what_to_do(workshop: Workshop) -> None:
    workshop.deploy()
    workshop.code("second")
    workshop.double.resources.fail["Distribution"] = "CloudFront is out of sorts"
    workshop.double.resources.fail_later["ViewerFunction"] = "the old code is gone"

    with pytest.raises(StackError, match="Distribution: CloudFront is out of sorts"):
        workshop.deploy()
    with pytest.raises(BusyError, match="could not go back") as refused:
        workshop.plan()

    assert "continue-update-rollback --region us-east-1 --stack-name tea" in str(refused.value.hint)


def test_a_change_set_cannot_be_executed_while_another_update_runs(workshop: Workshop) -> None:
    """Of somebody who deploys by other tools, between our change set and its execution."""
    workshop.deploy()
    workshop.code("second")
    deployment = workshop.deployment()
    plan = workshop.plan(deployment)
    stack = workshop.double.formation.named("tea")
    assert stack is not None

    def other(step: str, sentence: str) -> None:
        if step == "execute":
            stack.held, stack.status = True, "UPDATE_IN_PROGRESS"

    deployment.estate.tell = other
    with pytest.raises(CloudError, match="cannot be executed: stack tea is in UPDATE_IN_PROGRESS state"):
        deployment.carry_out(plan)

    assert set(workshop.served.values()) == {1}
    stack.held, stack.status = False, "UPDATE_COMPLETE"
    assert workshop.deploy().number in (0, 2)
    assert set(workshop.served.values()) == {2}


def test_every_call_to_the_bucket_says_whose_it_has_to_be(workshop: Workshop) -> None:
    """Its name can be known by anybody, who could make it first; S3 has no such word for making one."""
    asked: list[tuple[str, str | None]] = []

    def note(params: dict[str, Any], model: Any, **_: Any) -> None:
        owner = params.get("headers", {}).get("x-amz-expected-bucket-owner")
        asked.append((model.name, owner))

    events = workshop.clients("s3").meta.events
    events.register("before-call.s3", note)
    try:
        workshop.deploy()
        workshop.code("second")
        workshop.deploy()
        Assets(workshop.clients("s3"), "tea", "123456789012").remove()
    finally:
        events.unregister("before-call.s3", note)

    assert {"ListObjectsV2", "ListObjectVersions", "PutObject", "HeadBucket"} <= {name for name, _ in asked}
    assert {name for name, owner in asked if owner != "123456789012"} == {"CreateBucket"}
