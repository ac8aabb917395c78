"""The document in the repository is what the code says, and says it in the right form."""

from openapi_spec_validator import OpenAPIV31SpecValidator

from handbook import openapi
from handbook.http import Handbook
from tests.support import openapi as held
from tests.support import source


def test_the_file_equals_the_code(app: Handbook) -> None:
    file = source.ROOT / "docs" / "openapi.yaml"
    written = file.read_text(encoding="utf-8")
    assert written == openapi.as_yaml(app), "run `make openapi` and look at the difference"


def test_the_document_is_a_good_one(app: Handbook) -> None:
    found = OpenAPIV31SpecValidator(openapi.as_dict(app)).iter_errors()
    assert [error.message for error in found] == []


def test_every_schema_is_used_and_named_once(app: Handbook) -> None:
    document = openapi.as_dict(app)
    text = str(document)
    unused = {
        name
        for name in document["components"]["schemas"]
        if f"'#/components/schemas/{name}'" not in text
    }
    assert not unused
    names = [one.name for one in held.contract(app).operations.values()]
    assert len(set(names)) == len(names)
