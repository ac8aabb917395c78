"""Access and refresh tokens of a session, as JWTs."""

import uuid
from typing import Any

from flask import current_app
from flask_jwt_extended import create_access_token, create_refresh_token, decode_token
from flask_jwt_extended.exceptions import JWTExtendedException
from jwt.exceptions import ExpiredSignatureError, PyJWTError

from handbook.errors import Unauthenticated
from models import Session


def issue(session: Session) -> dict[str, Any]:
    """Return ``access_token``, ``refresh_token`` and ``expires_in`` (seconds) of an open session.

    The refresh token follows from the session's row alone: repeated, it is the same to the byte.
    """
    whose = str(session.account_id)
    claims = {
        "sid": str(session.id),
        "n": session.refresh_number,
        "jti": f"{session.id}.{session.refresh_number}",
        "iat": session.rotated_at,
        "nbf": session.rotated_at,
        "exp": session.expires_at,
    }
    lifetime = current_app.config["JWT_ACCESS_TOKEN_EXPIRES"]
    return {
        "access_token": create_access_token(whose, additional_claims={"sid": str(session.id)}),
        "refresh_token": create_refresh_token(whose, additional_claims=claims),
        "expires_in": int(lifetime.total_seconds()),
    }


def read_refresh(token: str) -> tuple[uuid.UUID, uuid.UUID, int]:
    """Return (session id, account id, number) of a good refresh token.

    Raises Unauthenticated: ``expired_token``, or ``bad_token`` for anything not signed here.
    """
    try:
        claims = decode_token(token)
        if claims["type"] != "refresh":
            raise Unauthenticated("bad_token")
        return uuid.UUID(claims["sid"]), uuid.UUID(claims["sub"]), int(claims["n"])
    except ExpiredSignatureError:
        raise Unauthenticated("expired_token") from None
    except (PyJWTError, JWTExtendedException, KeyError, ValueError, TypeError):
        raise Unauthenticated("bad_token") from None
