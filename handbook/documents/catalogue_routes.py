"""The words that documents are filed under, over HTTP."""

from typing import Any

from handbook import paging
from handbook.access import Actor, Permission
from handbook.database import Transaction
from handbook.documents import catalogue, schemas
from handbook.http import Routes
from handbook.policies import Policy
from models import Issuer

routes = Routes(
    "catalogue",
    __name__,
    prefix="",
    description="Tên loại văn bản, cơ quan ban hành: types of documents and who issues them.",
)


@routes.get(
    "/document-types", policy=Policy(Permission.SIGNED_IN, scope="none"), out=schemas.TypesOut
)
def list_types(_actor: Actor) -> dict[str, Any]:
    """List the types of documents with their symbols and the rule they stand in."""
    return {"items": catalogue.list_types()}


@routes.get(
    "/issuers",
    policy=Policy(Permission.SIGNED_IN, scope="none"),
    query=schemas.IssuerQuery,
    out=schemas.IssuerPage,
)
def list_issuers(_actor: Actor, query: dict[str, Any]) -> paging.Page:
    """List the bodies that issue documents, by name."""
    return paging.page(
        catalogue.issuers(query["q"]),
        purpose="issuers",
        by=(Issuer.name_folded, Issuer.id),
        query=query,
    )


@routes.post(
    "/issuers",
    policy=Policy(
        Permission.DOCUMENT_DRAFT,
        scope="unit",
        transaction=Transaction.WRITE,
        audit="issuer.added",
        idempotency="key",
    ),
    body=schemas.IssuerIn,
    out=schemas.IssuerOut,
    status=201,
)
def add_issuer(actor: Actor, body: dict[str, Any]) -> Issuer:
    """Add a body that issues documents."""
    return catalogue.add_issuer(actor, body)
