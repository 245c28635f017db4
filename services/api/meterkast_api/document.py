"""The OpenAPI document beyond what FastAPI knows: our own forms of answers, who may, what carries an ETag."""

from typing import Any

from meterkast_contracts.messages import Reading

from meterkast_api.access.recogniser import COOKIE
from meterkast_api.answers import Problem, problems
from meterkast_api.tags import MEDIA_TYPES


def completed(document: dict[str, Any]) -> dict[str, Any]:
    """The document with our own forms of a reading and a problem, and without FastAPI's form of a mistake."""
    schemas = document["components"]["schemas"]
    if "Problem" not in schemas:
        reading = Reading.flat_json_schema()
        definitions = {**reading.pop("$defs", {}), "Reading": reading, "Problem": Problem.model_json_schema()}
        schemas.update(_referring_to_components(definitions))
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        _drop_validation_errors(document)
        _declare_tags(document)
        document["components"]["schemas"] = dict(sorted(schemas.items()))
        _tell_who_may(document)
    return document


def _tell_who_may(document: dict[str, Any]) -> None:
    """How to be let in, and the answers of every route that refuses."""
    document["components"]["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer", "description": "A token, `mk_…`."},
        "session": {"type": "apiKey", "in": "cookie", "name": COOKIE, "description": "Set by logging in."},
    }
    document["security"] = [{}, {"token": []}, {"session": []}]
    for path in document["paths"].values():
        for method, operation in path.items():
            if "security" not in operation:
                answers = problems(401) if method == "get" else problems(401, 403)
                operation["responses"] = {**{str(k): v for k, v in answers.items()}, **operation["responses"]}


def _referring_to_components(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: inner.replace("#/$defs/", "#/components/schemas/")
            if key == "$ref"
            else _referring_to_components(inner)
            for key, inner in value.items()
        }
    return [_referring_to_components(inner) for inner in value] if isinstance(value, list) else value


def _drop_validation_errors(document: dict[str, Any]) -> None:
    """FastAPI promises its own 422 wherever there is a parameter; ours are declared where they can happen."""
    for path in document["paths"].values():
        for operation in path.values():
            answer = operation["responses"].get("422", {}).get("content", {})
            answer.pop("application/json", None)
            if "422" in operation["responses"] and not answer:
                del operation["responses"]["422"]


def _declare_tags(document: dict[str, Any]) -> None:
    """Whole answers to a GET carry an ETag (see Tags)."""
    for path in document["paths"].values():
        answers = path.get("get", {}).get("responses", {})
        content = answers.get("200", {}).get("content", {})
        if any(media_type.partition(";")[0] in MEDIA_TYPES for media_type in content):
            answers["200"].setdefault("headers", {})["ETag"] = {
                "description": "To be sent as If-None-Match when asking again.",
                "schema": {"type": "string"},
            }
            answers["304"] = {"description": "Not changed since the ETag given."}
