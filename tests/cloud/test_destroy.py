"""Taking a site down: what goes at once, what has to wait for CloudFront, and what is never touched."""

from __future__ import annotations

import pytest

from cloud.double.stacks import ChangeSet, Stack
from cloud.dying import die
from cloud.workshop import Workshop
from edgewise.cloud.destroy import Destruction
from edgewise.cloud.errors import BusyError, ChangedError, LockedError, ReplicasError, StackError
from edgewise.cloud.journal import new_run
from edgewise.cloud.lock import Lock


def destruction(workshop: Workshop) -> Destruction:
    return Destruction(workshop.estate())


def destroy(workshop: Workshop) -> None:
    one = destruction(workshop)
    leaving = one.plan()
    assert leaving
    one.carry_out(leaving)


def test_the_plan_names_what_goes_and_what_stays(workshop: Workshop) -> None:
    workshop.deploy()

    (leaving,) = destruction(workshop).plan()

    assert {"Distribution", "ViewerFunction", "FunctionRole"} <= set(leaving.deleted)
    assert list(leaving.kept) == ["FilesBucket"]
    assert leaving.kept["FilesBucket"].startswith("tea-filesbucket")


def test_a_stack_of_the_same_name_that_is_not_ours_is_left_alone(workshop: Workshop) -> None:
    stack = Stack("tea", workshop.double.resources)
    workshop.double.formation.stacks[stack.id] = stack
    stack.status, stack.body = "CREATE_COMPLETE", '{"Description": "A shop of tea", "Resources": {}}'

    for refused in (lambda: destroy(workshop), workshop.plan):
        with pytest.raises(StackError, match="no site was deployed to it"):
            refused()


def test_functions_wait_for_their_replicas_and_the_same_command_ends_it_later(workshop: Workshop) -> None:
    workshop.deploy()

    with pytest.raises(ReplicasError, match="replicas of OriginFunction, ViewerFunction") as refused:
        destroy(workshop)

    assert "run `edgewise destroy` again" in str(refused.value.hint)
    assert workshop.double.cloudfront.distributions == {}
    # Too early is no worse than the first time.
    workshop.double.functions.hours += 1
    with pytest.raises(ReplicasError):
        destroy(workshop)
    workshop.double.functions.hours += 10
    destroy(workshop)
    assert workshop.double.functions.functions == {}
    assert destruction(workshop).plan() == []
    assert workshop.objects("lock") == []


def test_a_site_can_be_deployed_again_after_it_was_taken_down(workshop: Workshop) -> None:
    workshop.deploy()
    with pytest.raises(ReplicasError):
        destroy(workshop)
    with pytest.raises(BusyError, match="is being taken down"):
        workshop.deploy()
    workshop.double.functions.hours += 10
    destroy(workshop)

    assert workshop.deploy().number == 2
    assert set(workshop.served.values()) == {1}


def test_another_reason_is_told_as_it_is(workshop: Workshop) -> None:
    workshop.deploy()
    workshop.double.resources.fail["OriginAccessControl"] = "it is in use elsewhere"

    with pytest.raises(StackError, match="could be deleted: OriginAccessControl: it is in use elsewhere"):
        destroy(workshop)


def test_the_bucket_of_the_code_goes_with_all_its_versions_when_asked(workshop: Workshop) -> None:
    workshop.deploy()
    workshop.double.functions.hours += 10
    one = destruction(workshop)

    one.remove_assets()

    assert not workshop.estate().assets.exists()


def test_what_was_changed_since_it_was_looked_at_is_not_deleted(workshop: Workshop) -> None:
    workshop.deploy()
    one = destruction(workshop)
    leaving = one.plan()
    assert leaving
    workshop.code("second")
    workshop.deploy()

    with pytest.raises(ChangedError, match="somebody changed the stack"):
        one.carry_out(leaving)

    assert set(workshop.served.values()) == {2}
    assert workshop.objects("lock") == []


def test_the_bucket_of_the_code_stays_while_somebody_deploys_from_it(workshop: Workshop) -> None:
    workshop.deploy()
    with Lock(workshop.estate().assets, new_run("deploy", "", None)), pytest.raises(LockedError):
        destruction(workshop).remove_assets()
    assert workshop.objects("functions")


@pytest.mark.parametrize(
    ("change_sets", "is_ours"),
    [
        (("edgewise-0123456789abcdef",), True),
        (("review-me",), False),
        (("edgewise-0123456789abcdef", "review-me"), False),
        ((), False),
    ],
)
def test_a_stack_that_was_never_made_goes_if_we_alone_asked_for_it(
    workshop: Workshop, change_sets: tuple[str, ...], is_ours: bool
) -> None:
    stack = Stack("tea", workshop.double.resources)
    workshop.double.formation.stacks[stack.id] = stack
    for one in change_sets:
        stack.change_sets[one] = ChangeSet(f"arn:of-{one}", one, "", "CREATE", "{}")

    leaving = destruction(workshop).plan()

    assert bool(leaving) is is_ours
    told = "nothing says that we asked: it stays. `aws cloudformation delete-stack --region us-east-1"
    assert any(told in sentence for _, sentence in workshop.told) is not is_ours


def test_what_is_refused_leaves_no_stack_that_says_of_nobody_that_they_asked(workshop: Workshop) -> None:
    workshop.double.formation.reject = "Template format error"

    with pytest.raises(StackError, match="Template format error"):
        workshop.deploy()

    assert workshop.double.formation.named("tea") is None
    workshop.double.formation.reject = ""
    assert workshop.deploy().number == 1


def test_why_a_template_is_refused_is_said_also_where_nothing_may_be_deleted(workshop: Workshop) -> None:
    workshop.double.formation.reject = "Template format error"
    workshop.double.refuse = lambda service, operation: (
        ("AccessDenied", "not allowed") if operation in ("ListChangeSets", "DeleteChangeSet") else None
    )

    with pytest.raises(StackError, match="Template format error") as refused:
        workshop.deploy()

    assert "may be left: AWS refused ListChangeSets: AccessDenied" in str(refused.value.hint)


def test_what_is_dropped_leaves_no_such_stack_and_another_s_as_it_is(workshop: Workshop) -> None:
    die(workshop, workshop.deploy, "execute_change_set", before=True)
    stack = workshop.double.formation.named("tea")
    assert stack is not None
    stack.change_sets["review-me"] = ChangeSet("arn:of-another", "review-me", "", "CREATE", "{}")

    assert workshop.deployment().unfinished() is None

    assert workshop.double.formation.named("tea") is stack
    assert (stack.status, list(stack.change_sets)) == ("REVIEW_IN_PROGRESS", ["review-me"])
    del stack.change_sets["review-me"]
    die(workshop, workshop.deploy, "execute_change_set", before=True)
    assert workshop.deployment().unfinished() is None
    assert workshop.double.formation.named("tea") is None
