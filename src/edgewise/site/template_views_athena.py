"""The resources for who asks: Athena's workgroup, the queries saved in it, and a policy for Grafana.

Sources: "Prerequisites" of the Athena data source in the Grafana user guide; property names by the CloudFormation
reference.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from edgewise.site.model_statistics import Statistics
from edgewise.site.template_permissions import statement
from edgewise.site.template_views_files import ANSWERS, VIEWS, catalog_arns

# A query that would read more is stopped: at 5 USD a TB it costs 5 cents.
_MOST_BYTES = 10 * 2**30
# The name of a query, its title, its text.
Query = tuple[str, str, str]


def athena_resources(statistics: Statistics, queries: Sequence[Query]) -> dict[str, Any]:
    """From the table to answers."""
    resources = {"PageViewsWorkGroup": _workgroup(statistics), "PageViewsReader": _reader()}
    for name, title, text in queries:
        resources[f"Query{_capitalised(name)}"] = {
            "Type": "AWS::Athena::NamedQuery",
            "Properties": {
                "Name": name,
                "Description": title,
                "Database": {"Ref": "PageViewsDatabase"},
                "WorkGroup": {"Ref": "PageViewsWorkGroup"},
                "QueryString": text,
            },
        }
    return resources


def _workgroup(statistics: Statistics) -> dict[str, Any]:
    return {
        "Type": "AWS::Athena::WorkGroup",
        "Properties": {
            "Name": statistics.pipeline,
            "Description": f"Questions about the page views of {statistics.name}.",
            "State": "ENABLED",
            "RecursiveDeleteOption": True,
            "WorkGroupConfiguration": {
                "EnforceWorkGroupConfiguration": True,
                "BytesScannedCutoffPerQuery": _MOST_BYTES,
                "ResultConfiguration": {
                    "OutputLocation": {"Fn::Sub": "s3://${PageViewsFiles}/" + ANSWERS},
                    "EncryptionConfiguration": {"EncryptionOption": "SSE_S3"},
                },
            },
            # The policy that AWS keeps for Grafana asks for this tag.
            "Tags": [{"Key": "GrafanaDataSource", "Value": "true"}],
        },
    }


def _reader() -> dict[str, Any]:
    workgroup = (
        "arn:${AWS::Partition}:athena:${AWS::Region}:${AWS::AccountId}:workgroup/${PageViewsWorkGroup}"
    )
    catalog = "arn:${AWS::Partition}:athena:${AWS::Region}:${AWS::AccountId}:datacatalog/AwsDataCatalog"
    asking = ("StartQueryExecution", "StopQueryExecution", "GetQueryExecution", "GetQueryResults")
    named = ("GetWorkGroup", "ListNamedQueries", "GetNamedQuery", "BatchGetNamedQuery")
    looking = ("GetDataCatalog", "GetDatabase", "ListDatabases", "GetTableMetadata", "ListTableMetadata")
    # By these Grafana offers workgroups and catalogs to choose from; they know no resources, and tell names.
    choosing = ("ListDataCatalogs", "ListWorkGroups")
    glue = ("GetDatabase", "GetDatabases", "GetTable", "GetTables", "GetPartition", "GetPartitions")
    files = "${PageViewsFiles.Arn}"
    return {
        "Type": "AWS::IAM::ManagedPolicy",
        "Properties": {
            "Description": "Lets Grafana, or whoever has it, ask Athena about the page views.",
            "PolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [
                    statement([f"athena:{one}" for one in (*asking, *named)], [workgroup]),
                    statement([f"athena:{one}" for one in looking], [catalog]),
                    statement([f"athena:{one}" for one in choosing], ["*"]),
                    statement([f"glue:{one}" for one in (*glue, "BatchGetPartition")], catalog_arns()),
                    statement(["s3:GetBucketLocation", "s3:ListBucket"], [files]),
                    statement(["s3:GetObject"], [f"{files}/{VIEWS}*", f"{files}/{ANSWERS}*"]),
                    statement(["s3:PutObject", "s3:AbortMultipartUpload"], [f"{files}/{ANSWERS}*"]),
                ],
            },
        },
    }


def _capitalised(name: str) -> str:
    return "".join(word.capitalize() for word in name.replace("_", "-").split("-"))
