"""The site: its file, checked; the CloudFormation template it compiles to; the folder its functions run from.

Usual order: `load_site`, `bundle_settings`, `Bundle(...).refresh()`, `compile_template`, `render_yaml`; for AWS,
`write_template` does all of it.
"""

from edgewise.site.bundle import Bundle
from edgewise.site.errors import BundleError, SiteError, SiteProblems, StarterError, SynthError
from edgewise.site.load import SITE_FILE, load_site
from edgewise.site.model import (
    Behavior,
    BucketOrigin,
    CustomOrigin,
    Functions,
    Judge,
    LocalCommand,
    LocalUrl,
    Log,
    Origin,
    Rollout,
    Sessions,
    Site,
)
from edgewise.site.model_statistics import Rewrite, Statistics
from edgewise.site.needs import needed_on_aws, records_go_to
from edgewise.site.rollout_notes import Note, rollout_notes
from edgewise.site.secret import Secret
from edgewise.site.settings import bundle_settings
from edgewise.site.starter import create_site
from edgewise.site.synth import Synthesis, write_template
from edgewise.site.template import compile_template
from edgewise.site.template_functions import CODE_FOLDER, function_names
from edgewise.site.template_text import render_yaml
from edgewise.site.template_views_athena import Query

__all__ = [
    "CODE_FOLDER",
    "SITE_FILE",
    "Behavior",
    "BucketOrigin",
    "Bundle",
    "BundleError",
    "CustomOrigin",
    "Functions",
    "Judge",
    "LocalCommand",
    "LocalUrl",
    "Log",
    "Note",
    "Origin",
    "Query",
    "Rewrite",
    "Rollout",
    "Secret",
    "Sessions",
    "Site",
    "SiteError",
    "SiteProblems",
    "StarterError",
    "Statistics",
    "SynthError",
    "Synthesis",
    "bundle_settings",
    "compile_template",
    "create_site",
    "function_names",
    "load_site",
    "needed_on_aws",
    "records_go_to",
    "render_yaml",
    "rollout_notes",
    "write_template",
]
