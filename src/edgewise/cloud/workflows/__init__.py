"""GitHub's workflows for a site, and the roles they take on AWS: `render_workflows`, then `write_files`."""

from edgewise.cloud.workflows.rendering import ROLES_FILE, render_workflows
from edgewise.cloud.workflows.writing import repository_root, write_files

__all__ = ["ROLES_FILE", "render_workflows", "repository_root", "write_files"]
