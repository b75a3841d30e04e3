"""Whether a value follows a bounded JSON schema, of the parts that domains write their windows in.

An endpoint is to keep the schema by itself, and play trusts the one that was probed; where any
endpoint may be asked, as in a rehearsal, the window is looked up again.
"""

from typing import Any


def fits(schema: dict[str, Any], value: Any) -> bool:
    """Whether a value follows a schema of objects, arrays, strings, integers, booleans, enums and alternatives."""
    if "const" in schema:
        return type(value) is type(schema["const"]) and value == schema["const"]
    if "anyOf" in schema:
        return any(fits(one, value) for one in schema["anyOf"])
    if "enum" in schema:
        return any(type(value) is type(one) and value == one for one in schema["enum"])
    match schema.get("type"):
        case "object":
            parts = schema.get("properties", {})
            known = schema.get("additionalProperties", True) or (isinstance(value, dict) and value.keys() <= set(parts))
            return (
                isinstance(value, dict)
                and bool(known)
                and value.keys() >= set(schema.get("required", ()))
                and all(fits(part, value[name]) for name, part in parts.items() if name in value)
            )
        case "array":
            return isinstance(value, list) and _array(schema, value)
        case "integer":
            counts = isinstance(value, int) and not isinstance(value, bool)
            return counts and bool(schema.get("minimum", value) <= value <= schema.get("maximum", value))
        case "boolean":
            return isinstance(value, bool)
        case _:
            if not isinstance(value, str):
                return False
            return bool(schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)))


def _array(schema: dict[str, Any], value: list[Any]) -> bool:
    if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
        return False
    if schema.get("uniqueItems") and any(one in value[:at] for at, one in enumerate(value)):
        return False
    if (each := schema.get("prefixItems")) is not None:
        return len(value) >= len(each) and all(fits(part, one) for part, one in zip(each, value, strict=False))
    return all(fits(schema.get("items", {"type": "string"}), one) for one in value)
