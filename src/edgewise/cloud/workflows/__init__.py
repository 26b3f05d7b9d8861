"""GitHub's workflows for a site, and the roles they take on AWS: `render_workflows`, then `write_files`."""

from edgewise.cloud.workflows.rendering import (
    REQUIREMENTS,
    app_workflow,
    render_workflows,
    roles_file,
    smoke_path,
    untested,
)
from edgewise.cloud.workflows.writing import repository_root, write_files

__all__ = [
    "REQUIREMENTS",
    "app_workflow",
    "render_workflows",
    "repository_root",
    "roles_file",
    "smoke_path",
    "untested",
    "write_files",
]
