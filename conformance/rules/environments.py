"""The place in which functions run."""

from typing import Any

from conformance.kit import Kit
from conformance.rule import Failed, Group, holds, same

ENVIRONMENTS = Group("functions environment", "lambda-at-edge-function-restrictions")
_RUNTIME = "https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html"
# Variables that Lambda, the runtime and the operating system set by themselves.
_AUTOMATIC = (
    "AWS_",
    "LAMBDA_",
    "_",
    "LANG",
    "LC_",
    "LD_",
    "PATH",
    "PWD",
    "SHLVL",
    "TZ",
    "PYTHON",
    "HOME",
    "TMP",
)


def _shown(kit: Kit) -> dict[str, Any]:
    shown: dict[str, Any] = kit.get("edge-none", "viewer-request=environment", key="shown").json()
    return shown


@ENVIRONMENTS.rule()
def no_variables_of_ones_own(kit: Kit) -> None:
    """A function has no environment variables but those that are set by themselves."""
    others = [name for name in _shown(kit)["variables"] if not name.startswith(_AUTOMATIC)]
    same("other variables", [], others)


@ENVIRONMENTS.rule()
def region_is_one_of_the_edge(kit: Kit) -> None:
    """AWS_REGION is the region in which the function runs."""
    region = _shown(kit)["region"]
    holds(region.count("-") == 2 and region[-1].isdigit(), "a region such as eu-central-1", region)


@ENVIRONMENTS.rule("edge-functions-logs", doubtful=True)
def name_is_that_of_a_replica(kit: Kit) -> None:
    """context.function_name starts with `us-east-1.`, as the log group's name does."""
    name = _shown(kit)["name"]
    holds(name.startswith("us-east-1."), "us-east-1.NAME", name)


@ENVIRONMENTS.rule()
def version_is_a_number(kit: Kit) -> None:
    """The function runs as a numbered version."""
    version = str(_shown(kit)["version"])
    holds(version.isdigit(), "a number", version)


@ENVIRONMENTS.rule("lambda-edge-testing-debugging")
def invocations_have_ids_of_their_own(kit: Kit) -> None:
    """The id of an invocation is not the request's, and another one each time."""
    answer = kit.get("edge-none", "viewer-request=environment")
    ids = {answer.json()["request_id"], _shown(kit)["request_id"], answer.header("X-Amz-Cf-Id")}
    same("different ids", 3, len(ids))


@ENVIRONMENTS.rule("cloudfront-limits")
def memory_is_as_configured(kit: Kit) -> None:
    """The function is told the memory that it is configured with (here 128 MB)."""
    same("the memory", "128", str(_shown(kit)["memory"]))


@ENVIRONMENTS.rule("cloudfront-limits")
def remaining_time_is_within_the_timeout(kit: Kit) -> None:
    """The function is told how much of its timeout (here ten seconds) is left."""
    remaining = _shown(kit)["remaining"]
    holds(0 < remaining <= 10_000, "up to 10000 ms", remaining)


@ENVIRONMENTS.rule()
def machine_is_x86(kit: Kit) -> None:
    """Functions run on x86_64."""
    same("the machine", "x86_64", _shown(kit)["machine"])


@ENVIRONMENTS.rule(_RUNTIME, doubtful=True)
def one_request_at_a_time(kit: Kit) -> None:
    """An environment serves one request at a time; requests at the same time are served by several."""

    def ask(number: int) -> Any:
        return kit.get("edge-none", "viewer-request=environment:0.5", key=str(number))

    shown = [answer.json() for answer in kit.together(3, ask)]
    same("overlaps", [0, 0, 0], [each["overlapped"] for each in shown])
    holds(len({each["environment"] for each in shown}) > 1, "several environments", shown[0]["environment"])


@ENVIRONMENTS.rule(_RUNTIME, doubtful=True)
def globals_survive(kit: Kit) -> None:
    """What a function keeps in a global is there in the next invocation of the same environment."""
    first, second = _same_environment_again(kit, "edge-none", "environment")
    holds(second["invocations"] > first["invocations"], "a count that goes on", (first, second))


@ENVIRONMENTS.rule(_RUNTIME, doubtful=True)
def threads_stand_still_between_invocations(kit: Kit) -> None:
    """Between invocations an environment is frozen: a thread that is left behind does not go on."""
    first, second = _same_environment_again(kit, "edge-quiet", "tick", pause=1.0)
    # A thread that ran would have counted fifty times a second.
    came = second["ticks"] - first["ticks"]
    holds(came < 15, "a count that stood still for a second", f"it went on by {came}")


def _same_environment_again(
    kit: Kit, behavior: str, case: str, pause: float = 0.3
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Two tellings of one environment, a while apart."""
    tellings: dict[str, dict[str, Any]] = {}
    for number in range(20):
        told = kit.get(behavior, f"viewer-request={case}", key=str(number)).json()
        if told["environment"] in tellings:
            return tellings[told["environment"]], told
        tellings[told["environment"]] = told
        kit.pause(pause)
    raise Failed("an environment that serves twice", "another environment for each of 20 requests")
