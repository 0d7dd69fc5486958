"""What validation makes of a chunk, ready to be made again for every chunk like it.

Chunks of a stream differ from each other in a few strings and numbers. Where the class's own schema says that
validation takes such a value as it is, whatever it is, the next chunk need not be validated: its object is the same but
for that value. All else of a chunk must be the same to the byte. Anything that this file does not know (aliases,
constraints, conversions, unions that could choose otherwise) is left to validation. The same holds for data that
validation refuses and `model_construct` takes: it is refused for something that every chunk like it has too.

Where validation runs code that is not pydantic's, as a validator or for a default, every chunk is validated: what such
code makes of a chunk, and what else it does, may be another each time.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TypeAlias

    Schema: TypeAlias = Mapping[str, Any]

    Form: TypeAlias = Any
    """What is made anew for each chunk: a list of forms, a dict of forms, `(class, fields, fields_set, extra fields or
    None)` for an object; in a list or a dict, `(number,)` for a scalar; anything else is the same in all."""

    Template: TypeAlias = tuple[list[bytes], list[str], Form]
    """What chunks have in common: the pieces of JSON between their scalars, the types of these, and the form."""

__all__ = ["template"]

ANY: Schema = {"type": "any"}
OTHER: Schema = {"type": "other"}
"""Stands for a schema that makes of a value nobody here knows what."""

ASIDE = {"type", "ref", "metadata", "serialization", "strict"}
"""What a schema may say beside its type without changing what it makes of a value that is valid."""

KNOWN: dict[str, set[str]] = {
    "any": ASIDE,
    "str": ASIDE,
    "int": ASIDE,
    "float": ASIDE | {"allow_inf_nan"},
    "literal": ASIDE | {"expected"},
    "none": ASIDE,
    "list": ASIDE | {"items_schema"},
    "dict": ASIDE | {"keys_schema", "values_schema"},
    "nullable": ASIDE | {"schema"},
    "default": ASIDE | {"schema", "default", "default_factory", "default_factory_takes_data", "copy_default"},
    "definition-ref": ASIDE | {"schema_ref"},
    "union": ASIDE | {"choices", "mode", "auto_collapse", "custom_error_type", "custom_error_message"},
    "model": ASIDE | {"cls", "schema", "config", "custom_init", "root_model", "frozen", "generic_origin"},
    "model-fields": ASIDE | {"fields", "model_name", "computed_fields", "extra_behavior"},
    "model-field": ASIDE | {"schema", "frozen", "serialization_alias", "serialization_exclude"},
}
"""For each type of schema that is understood, what it may say."""

KNOWN_CONFIG = {"title", "extra_fields_behavior", "frozen", "strict", "from_attributes", "validate_assignment"}
"""What the configuration of a model may say."""

NEVER_TAKES: dict[type, set[str]] = {
    str: {"list", "dict", "model", "none"},
    list: {"str", "int", "float", "literal", "dict", "model", "none"},
    dict: {"str", "int", "float", "literal", "list", "none"},
}
"""For each type of data, the types of schemas that refuse it, whatever it holds."""

NOT_RUN = {"cls", "generic_origin", "default", "expected", "metadata", "serialization", "serialization_exclude_if"}
"""What a schema says of classes and values that validation compares and copies, and of what is no part of it."""

PURE = {list, dict, set}
"""Factories of defaults that make the same each time."""

MAKERS = {"pydantic.main", "openai._models", "anthropic._models"}
"""The modules whose `model_validate` and `model_construct` do what the core schema says."""

LARGEST = 65_536
"""Chunks of more bytes are validated each time: hardly two are alike."""

MOST = 256
"""Chunks of more scalars are validated each time. Of an embedding, whose numbers all change, a template is as quick as
validation at a hundred numbers, takes a third longer at 256 and twice as long at 1,536; of objects it stays quicker."""


def template(cls: type, text: bytes, data: Any, made: Any) -> Template | None:
    """Return the template of a chunk, or None where its like must be validated each time.

    `text` is the JSON of the chunk, without white space, `data` its values, and `made` what `cls` made of these.
    """
    schema = getattr(cls, "__pydantic_core_schema__", None)
    if len(text) > LARGEST or type(made) is not cls or not isinstance(schema, dict) or not _makes_by_schema(cls):
        return None
    understood = _understood.get(cls)
    if understood is None or understood.schema is not schema:
        understood = _understood[cls] = _Understood(schema)
    if not understood.is_repeatable:
        return None
    learner = _Learner(understood)
    try:
        form = learner.value(understood.root, data, made)
    except _NoTemplate:
        return None
    pieces = [piece.encode() for piece in learner.pieces]
    # The JSON was written anew: where other hands wrote it otherwise, the places in it are not known.
    scalars = [_dumps(scalar).encode() for scalar in learner.scalars]
    if b"".join(piece + scalar for piece, scalar in zip(pieces, [*scalars, b""], strict=True)) != text:
        return None
    return pieces, [type(scalar).__name__ for scalar in learner.scalars], form


class _Understood:
    """What the schema of a class says, found out once for all its chunks."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.is_repeatable = not _runs_code(schema, set())
        """Whether validation makes the same of the same data each time."""
        has_definitions = schema.get("type") == "definitions"
        definitions = schema["definitions"] if has_definitions else []
        self.definitions: dict[str, Schema] = {definition["ref"]: definition for definition in definitions}
        self.root: Schema = schema["schema"] if has_definitions else schema
        self._resolved: dict[int, Schema] = {}

    def resolve(self, part: Schema) -> Schema:
        """Return what is behind a reference, a default or the leave to be None; `OTHER` where it is not understood."""
        # Each part is one of the schema's, which is held here, or a constant: its id is that of no other.
        resolved = self._resolved.get(id(part))
        if resolved is None:
            resolved = self._resolved[id(part)] = self._look_behind(part)
        return resolved

    def _look_behind(self, part: Schema) -> Schema:
        while _is_known(part):
            match part["type"]:
                case "definition-ref":
                    part = self.definitions.get(part["schema_ref"], OTHER)
                case "default" | "nullable":
                    part = part["schema"]
                case _:
                    return part
        return OTHER


_understood: dict[type, _Understood] = {}


def _runs_code(part: Any, seen: set[int]) -> bool:
    """Say whether validation by a part of a schema runs code that is not pydantic's; parts seen before do not count."""
    if isinstance(part, (list, tuple)):
        return any(_runs_code(value, seen) for value in part)
    if not isinstance(part, dict):
        package = str(getattr(part, "__module__", None)).partition(".")[0]
        return callable(part) and part not in PURE and package not in ("pydantic", "pydantic_core")
    if id(part) in seen:
        return False
    seen.add(id(part))
    # A dict without a type holds the schemas of fields or choices, by names that may be any.
    is_schema = isinstance(part.get("type"), str)
    if is_schema and (part.get("custom_init") or part.get("post_init")):
        return True
    return any(_runs_code(value, seen) for name, value in part.items() if not is_schema or name not in NOT_RUN)


def _makes_by_schema(cls: Any) -> bool:
    functions = (getattr(getattr(cls, name, None), "__func__", None) for name in ("model_validate", "model_construct"))
    return all(getattr(function, "__module__", None) in MAKERS for function in functions)


class _NoTemplate(Exception):
    """Every chunk like this one must be validated."""


class _Learner:
    """Walks over data and over what was made of it at once, and tells what of both must stay as it is."""

    def __init__(self, understood: _Understood) -> None:
        self.understood = understood
        self.pieces = [""]
        self.scalars: list[Any] = []

    def value(self, schema: Schema, data: Any, made: Any) -> Form:
        """Return the form of a value of this schema, and add its JSON to the pieces.

        Raises `_NoTemplate` where there can be none, or where it would take longer than validation.
        """
        schema = self.taking(schema, data, made)
        kind = schema["type"]
        if type(data) is dict and kind == "model" and type(made) is schema["cls"]:
            fields = schema["schema"]["fields"]
            schemas = {name: fields.get(name, {"schema": ANY})["schema"] for name in data}
            return _model(made, self.members(schemas, data, {**made.__dict__, **(made.__pydantic_extra__ or {})}))
        if type(data) is type(made) and kind in ("any", type(data).__name__):
            # An element may have been left out, and a name have been changed.
            if isinstance(data, list) and len(data) == len(made):
                return self.elements(schema.get("items_schema", ANY), data, made)
            if isinstance(data, dict) and data.keys() == made.keys():
                values: Schema = schema.get("values_schema", ANY)
                return self.members(dict.fromkeys(data, values), data, made)
            if type(data) in (str, int, float):
                self.pieces.append("")
                self.scalars.append(data)
                return (len(self.scalars) - 1,)
        self.pieces[-1] += _dumps(data)
        return _fixed(made)

    def elements(self, schema: Schema, data: list[Any], made: list[Any]) -> Form:
        self.expect(len(data))
        forms = []
        for number, (value, made_value) in enumerate(zip(data, made, strict=True)):
            self.pieces[-1] += "," if number else "["
            forms.append(self.value(schema, value, made_value))
        self.pieces[-1] += "]" if data else "[]"
        return forms

    def members(self, schemas: Mapping[str, Schema], data: dict[str, Any], made: dict[str, Any]) -> dict[str, Form]:
        """Return the forms of what was made of members; members of which nothing was made must stay as they are."""
        self.expect(len(data))
        forms = {}
        for number, (name, value) in enumerate(data.items()):
            self.pieces[-1] += f"{',' if number else '{'}{_dumps(name)}:"
            if name in made:
                forms[name] = self.value(schemas[name], value, made[name])
            else:
                self.pieces[-1] += _dumps(value)
        self.pieces[-1] += "}" if data else "{}"
        return {name: forms[name] if name in forms else _fixed(value) for name, value in made.items()}

    def expect(self, scalars: int) -> None:
        """Raise `_NoTemplate` where so many scalars more would be too many: before they are looked at."""
        if len(self.scalars) + scalars > MOST:
            raise _NoTemplate

    def taking(self, schema: Schema, data: Any, made: Any) -> Schema:
        """Return the schema that takes the value, whatever its scalars are; `OTHER` where none is sure to."""
        schema = self.understood.resolve(schema)
        return self.choice(schema["choices"], data, made) if schema["type"] == "union" else schema

    def choice(self, choices: list[Any], data: Any, made: Any) -> Schema:
        """Return the schema of a union that takes the value, if every other refuses it whatever its scalars are."""
        schemas = [choice[0] if isinstance(choice, tuple) else choice for choice in choices]
        schemas = [self.taking(schema, data, made) for schema in schemas]
        takes = [schema for schema in schemas if schema["type"] not in NEVER_TAKES.get(type(data), set())]
        if type(data) is not dict:
            return takes[0] if len(takes) == 1 else OTHER
        # Of models, those are refused whose literals are others than the data's, where these must stay as they are.
        own = next((schema for schema in takes if schema["type"] == "model" and schema["cls"] is type(made)), OTHER)
        literals = self.literals(own)
        others = (self.literals(schema) for schema in takes if schema is not own)
        is_refused = (
            any(name in literals and data.get(name) not in expected for name, expected in other.items())
            for other in others
        )
        return own if all(is_refused) else OTHER

    def literals(self, schema: Schema) -> dict[str, list[Any]]:
        """Return the values that a model allows in each of its fields that allows certain values alone."""
        if schema["type"] != "model":
            return {}
        fields = {name: self.taking(field["schema"], None, None) for name, field in schema["schema"]["fields"].items()}
        return {name: field["expected"] for name, field in fields.items() if field["type"] == "literal"}


def _is_known(schema: Schema) -> bool:
    kind = schema["type"]
    if kind not in KNOWN or not schema.keys() <= KNOWN[kind]:
        return False
    if kind != "model":
        return True
    fields = schema["schema"]
    return (
        not schema.get("custom_init")
        and not schema.get("root_model")
        and schema.get("config", {}).keys() <= KNOWN_CONFIG
        and fields["type"] == "model-fields"
        and fields.keys() <= KNOWN["model-fields"]
        and all(field.keys() <= KNOWN["model-field"] for field in fields["fields"].values())
    )


def _fixed(made: Any) -> Form:
    """Return the form of a value that is always the same, sharing nothing of it that can be changed."""
    if made is None or type(made) in (str, int, float, bool):
        return made
    if type(made) is list:
        return [_fixed(element) for element in made]
    if type(made) is dict and all(type(name) is str for name in made):
        return {name: _fixed(value) for name, value in made.items()}
    if hasattr(made, "__pydantic_fields_set__"):
        return _model(made, {})
    raise _NoTemplate


def _model(made: Any, forms: dict[str, Form]) -> Form:
    """Return the form of an object of a class of pydantic's, of whose fields and extra fields some have a form."""
    cls: Any = type(made)
    names = made.__pydantic_fields_set__
    is_plain = made.__pydantic_private__ is None and type(names) is set and all(type(name) is str for name in names)
    is_made_plainly = not cls.__pydantic_root_model__ and cls.__new__ is object.__new__ and not hasattr(cls, "__del__")
    if not is_plain or not is_made_plainly:
        raise _NoTemplate
    form = {name: forms[name] if name in forms else _fixed(value) for name, value in made.__dict__.items()}
    extra = made.__pydantic_extra__
    if extra is not None:
        extra = {name: forms[name] if name in forms else _fixed(value) for name, value in extra.items()}
    return cls, form, names, extra


# One encoder for all: `json.dumps` makes one for each value.
_dumps = json.JSONEncoder(separators=(",", ":")).encode
