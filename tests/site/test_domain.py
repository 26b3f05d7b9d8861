"""`[domain]`: the site's own names, their certificate and their records; what is wrong is named with its key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from edgewise.cdn import load_template
from edgewise.cdn.template.distribution import read_distribution
from edgewise.check import check_template
from edgewise.site import (
    Site,
    SiteError,
    SiteProblems,
    bundle_settings,
    compile_template,
    load_site,
    needed_on_aws,
    render_yaml,
    write_template,
)
from edgewise.site.limits import DOMAIN, TLS_POLICIES
from edgewise.site.template_domain import domain_resources

Edit = Callable[[str, str], Path]
ARN = "arn:aws:acm:us-east-1:111122223333:certificate/11111111-2222-3333-4444-555555555555"
ZONE = 'hosted_zone = { name = "example.com", id = "Z0123456789ABCDEFGHIJ" }\n'
NAMES = 'names = ["example.com", "www.example.com", "*.example.com", "a-b.example.com"]\n'


def named(edit: Edit, lines: str) -> Site:
    return load_site(edit("[log]\n", f"[log]\n[domain]\n{lines}"))


def distribution(site: Site) -> dict[str, Any]:
    resources = compile_template(site, code_hash="0")["Resources"]
    config: dict[str, Any] = resources["Distribution"]["Properties"]["DistributionConfig"]
    return config


def test_a_certificate_of_ones_own(edit: Edit) -> None:
    site = named(edit, f'names = ["WWW.example.com"]\ncertificate = "{ARN}"\n')
    assert distribution(site)["Aliases"] == ["www.example.com"]
    assert distribution(site)["ViewerCertificate"] == {
        "AcmCertificateArn": ARN,
        "SslSupportMethod": "sni-only",
        "MinimumProtocolVersion": "TLSv1.2_2021",
    }
    assert "Certificate" not in compile_template(site, code_hash="0")["Resources"]
    (needed,) = needed_on_aws(site)
    assert "www.example.com" in needed


def test_in_a_zone_the_template_makes_certificate_and_records(edit: Edit) -> None:
    site = named(edit, NAMES + ZONE + 'minimum_tls = "TLSv1.3_2025"\n')
    resources = compile_template(site, code_hash="0")["Resources"]
    assert distribution(site)["ViewerCertificate"]["AcmCertificateArn"] == {"Ref": "Certificate"}
    assert distribution(site)["ViewerCertificate"]["MinimumProtocolVersion"] == "TLSv1.3_2025"
    certificate = resources["Certificate"]["Properties"]
    assert (certificate["DomainName"], certificate["ValidationMethod"]) == ("example.com", "DNS")
    assert certificate["SubjectAlternativeNames"] == ["www.example.com", "*.example.com", "a-b.example.com"]
    # ACM proves a star by the record of what is behind it.
    assert [one["DomainName"] for one in certificate["DomainValidationOptions"]] == [
        "example.com",
        "www.example.com",
        "a-b.example.com",
    ]
    records = {
        (body["Properties"]["Name"], body["Properties"]["Type"]): body["Properties"]["AliasTarget"]
        for body in resources.values()
        if body["Type"] == "AWS::Route53::RecordSet"
    }
    assert set(records) == {(name, kind) for name in distribution(site)["Aliases"] for kind in ("A", "AAAA")}
    assert records["example.com", "AAAA"]["HostedZoneId"] == "Z2FDTNDATAQYW2"
    assert needed_on_aws(site) == []


def test_a_record_keeps_its_id_when_other_names_come_and_go(edit: Edit) -> None:
    site = named(edit, NAMES + ZONE)
    assert site.domain is not None
    names = (*site.domain.names, "any.example.com", "a.b.example.com")

    def ids(names: tuple[str, ...]) -> dict[tuple[str, str], str]:
        assert site.domain is not None
        other = replace(site, domain=replace(site.domain, names=names))
        resources = compile_template(other, code_hash="0")["Resources"]
        return {
            (body["Properties"]["Name"], body["Properties"]["Type"]): name
            for name, body in resources.items()
            if body["Type"] == "AWS::Route53::RecordSet"
        }

    many, few = ids(names), ids(names[:0:-1])
    assert len(set(many.values())) == 2 * len(names)
    assert few.items() <= many.items()


def test_every_name_has_records_of_its_own(edit: Edit) -> None:
    """All short names of few letters in a zone of one: labels of digits, hyphens, stars."""
    site = named(edit, NAMES + ZONE)
    assert site.domain is not None
    before = ("".join(letters) for size in range(1, 7) for letters in product("a1-.", repeat=size))
    names = [name for one in before if DOMAIN.fullmatch(name := f"{one}.a.a")]
    names += [f"*.{name}" for name in names] + ["v1.2.example.com", "v12.example.com"]
    names += [f"{'a' * 30}.{'b' * 31}{end}.example.com" for end in "ab"]
    made = domain_resources(replace(site, domain=replace(site.domain, names=tuple(names))))
    records = [one for one, body in made.items() if body["Type"] == "AWS::Route53::RecordSet"]
    assert len(names) > 1000
    assert len(records) == 2 * len(names)
    assert all(one.isalnum() and len(one) <= 255 for one in records)


def test_a_site_without_names_of_its_own_is_as_it_was(edit: Edit) -> None:
    config = distribution(load_site(edit("[log]", "[log]")))
    assert not config.keys() & {"Aliases", "ViewerCertificate"}


MISTAKES = [
    ("names = []\n" + ZONE, "names", ["no names"]),
    ('names = ["www.example.com"]\n', "", ["neither `certificate` nor `hosted_zone`"]),
    ('names = ["https://example.com"]\n' + ZONE, "names[0]", ["no name of the DNS", "without https://"]),
    ('names = ["example.com."]\n' + ZONE, "names[0]", ["no name of the DNS"]),
    ('names = ["www.*.example.com"]\n' + ZONE, "names[0]", ["no name of the DNS"]),
    ('names = ["192.0.2.1"]\n' + ZONE, "names[0]", ["no name of the DNS"]),
    ('names = ["bücher.example.com"]\n' + ZONE, "names[0]", ["xn--"]),
    ('names = ["a.example.com", "A.example.com"]\n' + ZONE, "names[1]", ["twice"]),
    ('names = ["a.example.org"]\n' + ZONE, "names[0]", ["not in the zone example.com", "certificate"]),
    ('names = ["badexample.com"]\n' + ZONE, "names[0]", ["not in the zone"]),
    (
        f'names = ["a.example.com"]\ncertificate = "{ARN.replace("us-east-1", "eu-central-1")}"\n',
        "certificate",
        ["is in eu-central-1", "us-east-1"],
    ),
    ('names = ["a.example.com"]\ncertificate = "mine"\n', "certificate", ["not the ARN", "arn:aws:acm"]),
    (
        'names = ["a.example.com"]\nhosted_zone = { name = "example.com", id = "/hostedzone/Z1" }\n',
        "hosted_zone.id",
        ["not the id"],
    ),
    ('names = ["a.example.com"]\nhosted_zone = { name = "example.com" }\n', "hosted_zone.id", ["missing"]),
    (
        'names = ["a.example.com"]\nhosted_zone = { name = "-", id = "Z0123" }\n',
        "hosted_zone.name",
        ["no name"],
    ),
    (
        f"names = {[f'n{i}.example.com' for i in range(11)]}\n" + ZONE,
        "names",
        ["have 10 names", "here are 11"],
    ),
    (
        f"names = {[f'n{i}.example.com' for i in range(101)]}\ncertificate = '{ARN}'\n",
        "names",
        ["101", "100 of a distribution"],
    ),
    (f'names = ["{"a" * 60}.example.com"]\n' + ZONE, "names[0]", ["at most 64 characters"]),
    (
        'names = ["a.example.com"]\nminimum_tls = "TLSv1.2_2024"\n' + ZONE,
        "minimum_tls",
        ["`TLSv1.2_2025`", "TLSv1.3_2025"],
    ),
]


@pytest.mark.parametrize(("lines", "key", "said"), MISTAKES, ids=lambda value: str(value)[:40])
def test_a_mistake_is_named(edit: Edit, lines: str, key: str, said: list[str]) -> None:
    with pytest.raises(SiteError) as caught:
        named(edit, lines)
    told = str(caught.value)
    assert f"[domain{'.' if key else ''}{key}]" in told
    assert all(one in told for one in said), told


@pytest.mark.parametrize(
    "lines",
    [
        'names = "www.example.com"\n' + ZONE,
        'names = ["www.example.com"]\nhosted_zone = "example.com"\n',
        'names = ["www.example.com."]\n' + ZONE,
        'names = ["www.example.com"]\nhosted_zone = { name = "-", id = "Z0123" }\n',
        ZONE,
    ],
)
def test_one_mistake_is_one_message(edit: Edit, lines: str) -> None:
    with pytest.raises(SiteError) as caught:
        named(edit, lines)
    assert not isinstance(caught.value, SiteProblems), caught.value


def test_a_name_in_the_tables_place_is_answered_with_the_table(edit: Edit) -> None:
    with pytest.raises(SiteError, match=r"For example: \[domain\], and below it names = "):
        load_site(edit('name = "demo"\n', 'name = "demo"\ndomain = "www.example.com"\n'))


def test_the_policies_are_those_of_cloudfront() -> None:
    from botocore.session import get_session

    shape = get_session().get_service_model("cloudfront").shape_for("MinimumProtocolVersion")
    known = [one for one in shape.enum if one.startswith(("TLSv1.2", "TLSv1.3"))]
    assert sorted(TLS_POLICIES) == sorted(known)


def test_the_names_are_baked_in_only_where_the_host_is_not_told(edit: Edit) -> None:
    certificate = f'names = ["www.example.com", "*.example.org"]\ncertificate = "{ARN}"\n'
    site = named(edit, f"{certificate}[statistics]\n")
    assert "own_hosts" not in bundle_settings(site)["statistics"]
    function = "arn:aws:cloudfront::111122223333:function/rewrite"
    edit('triggers = ["viewer-request"]', 'triggers = ["origin-request"]')
    edit('path = "/files/*"\n', f'path = "/files/*"\nviewer_function = "{function}"\n')
    site = load_site(edit("[default]\n", f'[default]\nviewer_function = "{function}"\n'))
    assert bundle_settings(site)["statistics"]["own_hosts"] == [
        "/example.com",
        "/example.org",
        ".example.org",
    ]


@pytest.mark.parametrize("lines", [f'certificate = "{ARN}"\n', ZONE])
def test_the_local_cdn_and_the_check_take_the_template(edit: Edit, tmp_path: Path, lines: str) -> None:
    site = named(edit, NAMES + lines)
    written = write_template(site, tmp_path / "out/template.yaml")
    template = load_template(written.template)
    found, notices = read_distribution(template)
    assert site.domain is not None and found.aliases == site.domain.names
    assert notices == []
    assert [one for one in check_template(template) if one.rule.level == "error"] == []
    assert "Proved by records" in render_yaml(written.document) or "certificate" in lines
