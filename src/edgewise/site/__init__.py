"""The site: its file, checked; the CloudFormation template it compiles to; the folder its functions run from.

Usual order: `load_site`, `bundle_settings`, `Bundle(...).refresh()`, `compile_template`, `render_yaml`; for AWS,
`write_template` does all of it.
"""

from edgewise.site.bundle import Bundle
from edgewise.site.dockerfile import Dockerfile, read_dockerfile
from edgewise.site.errors import BundleError, SiteError, SiteProblems, StarterError, SynthError
from edgewise.site.load import SITE_FILE, load_site
from edgewise.site.model import Behavior, Functions, Judge, Log, Rollout, Sessions, Site, Subscription
from edgewise.site.model_origins import (
    BucketOrigin,
    CustomOrigin,
    ImageOrigin,
    LocalCommand,
    LocalHandler,
    LocalUrl,
    Origin,
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
from edgewise.site.template_images import (
    DISTRIBUTION_PARAMETER,
    compile_app_template,
    domain_name,
    image_name,
    image_parameter,
    with_stand_ins,
)
from edgewise.site.template_real_time import TRANSFORM_FOLDER
from edgewise.site.template_text import FIRST_LINE, reasons_of, render_app_yaml, render_yaml
from edgewise.site.template_views_athena import Query
from edgewise.site.transform import write_transform

__all__ = [
    "CODE_FOLDER",
    "DISTRIBUTION_PARAMETER",
    "FIRST_LINE",
    "SITE_FILE",
    "TRANSFORM_FOLDER",
    "Behavior",
    "BucketOrigin",
    "Bundle",
    "BundleError",
    "CustomOrigin",
    "Dockerfile",
    "Functions",
    "ImageOrigin",
    "Judge",
    "LocalCommand",
    "LocalHandler",
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
    "Subscription",
    "SynthError",
    "Synthesis",
    "bundle_settings",
    "compile_app_template",
    "compile_template",
    "create_site",
    "domain_name",
    "function_names",
    "image_name",
    "image_parameter",
    "load_site",
    "needed_on_aws",
    "read_dockerfile",
    "reasons_of",
    "records_go_to",
    "render_app_yaml",
    "render_yaml",
    "rollout_notes",
    "with_stand_ins",
    "write_template",
    "write_transform",
]
