"""The document as it is served, and the page that shows it."""

import re
from importlib import resources

import pytest
import yaml

from handbook import openapi
from handbook.http import Handbook
from tests.support.phone import Phone


def test_the_document_is_served_and_revalidated(app: Handbook, db: object) -> None:
    phone = Phone(app, None)
    first = phone.get("/api/openapi.json")
    assert first.json == openapi.as_dict(app)
    assert first.json["openapi"] == "3.1.0"
    again = phone.get("/api/openapi.json", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_the_kept_form_is_the_same_document(app: Handbook) -> None:
    text = openapi.as_yaml(app)
    assert yaml.safe_load(text) == openapi.as_dict(app)
    assert "Sổ tay Đảng viên" in text


def test_the_page_comes_with_all_it_names_and_nothing_from_elsewhere(
    app: Handbook, db: object
) -> None:
    phone = Phone(app, None)
    page = phone.get("/api/docs")
    text = page.get_data(as_text=True)
    assert page.content_type == "text/html; charset=utf-8"
    assert '<html lang="vi">' in text
    assert "Sổ tay Đảng viên" in text
    named = re.findall(r'(?:src|href)="([^"]+)"', text)
    assert {"docs/swagger-ui.css", "docs/swagger-ui-bundle.js", "docs/start.js"} <= set(named)
    for name in named:
        if name != "data:,":
            assert phone.get(f"/api/{name}").status_code == 200, name
    assert not re.search(r"<script(?![^>]*src=)[^>]*>", text)
    assert "http" not in text
    assert 'url: "openapi.json"' in phone.get("/api/docs/start.js").get_data(as_text=True)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("swagger-ui.css", "text/css"),
        ("swagger-ui-bundle.js", "text/javascript"),
        ("start.js", "text/javascript"),
    ],
)
def test_an_asset_has_its_type_its_tag_and_a_strict_policy(
    app: Handbook, db: object, name: str, kind: str
) -> None:
    phone = Phone(app, None)
    answer = phone.get(f"/api/docs/{name}")
    assert answer.mimetype == kind
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    tag = {"If-None-Match": answer.headers["ETag"]}
    assert phone.get(f"/api/docs/{name}", headers=tag).status_code == 304


@pytest.mark.parametrize(
    "name", ["index.html", "LICENSE", "../openapi.py", "%2e%2e/openapi.py", "", "a/start.js", "%00"]
)
def test_nothing_else_is_served(app: Handbook, db: object, name: str) -> None:
    assert Phone(app, None).get(f"/api/docs/{name}").status_code == 404


def test_the_licence_of_the_page_stands_beside_it() -> None:
    folder = resources.files("handbook") / "swagger"
    assert "Apache License" in (folder / "LICENSE").read_text()
    assert "SmartBear" in (folder / "NOTICE").read_text()
