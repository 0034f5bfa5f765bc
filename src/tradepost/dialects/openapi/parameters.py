"""A call's parameters as JSON Schema, read off the struct that its requests are read into."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec

from tradepost.dialects.openapi.sentences import sentence_of
from tradepost.dialects.openapi.values import VALUES, Schema, Value
from tradepost.dialects.reading import KEYS_MAX
from tradepost.dialects.shapes import COMMAS, Also, Rows, bare, row_of


@dataclass(frozen=True, slots=True)
class Parameter:
    """What a struct says of one parameter."""

    name: str
    others: tuple[str, ...]  # its other names
    sentence: str
    required: bool
    default: str | int | None
    is_list: bool
    value: Value | None  # of the parameter, or of each in its list
    row: type[msgspec.Struct] | None  # of a list of structs
    commas: bool
    most: int | None

    @property
    def description(self) -> str:
        """What it means, and how else it may be sent."""
        parts = [self.sentence]
        if self.others:
            parts.append(f"Also called `{'`, `'.join(self.others)}`.")
        if self.commas:
            parts.append("May be one text with commas.")
        if self.is_list and self.row is None:
            parts.append(f"May also be sent as `{self.name}[]`, or as a single value.")
        return " ".join(parts)

    @property
    def in_query(self) -> Schema:
        """Its schema where everything is text."""
        schema = self._value.in_query
        return self._with_default(self._array(schema, 0) if self.is_list else schema)

    @property
    def in_json(self) -> Schema:
        """Its schema in a JSON body."""
        if self.row is not None:
            least = 0 if self.most is None else 1
            return self._array({"$ref": f"#/components/schemas/{self.row.__name__}"}, least)
        value = self._value
        if not self.is_list:
            return self._with_default(value.in_json)
        least = 0 if self.most is None else 1
        single = [{"type": "string", "pattern": _between_commas(value.text)}] if self.commas else []
        return {"anyOf": [self._array(value.in_json, least), value.in_json, *single]}

    @property
    def _value(self) -> Value:
        if self.value is None:
            raise TypeError(f"{self.name} has parts, and they have the values")
        return self.value

    def _array(self, items: Schema, least: int) -> Schema:
        schema: Schema = {"type": "array", "items": items, "maxItems": self.most or KEYS_MAX}
        return schema | ({"minItems": least} if least else {})

    def _with_default(self, schema: Schema) -> Schema:
        return schema if self.default is None else {**schema, "default": self.default}


def parameters(kind: type[msgspec.Struct]) -> list[Parameter]:
    """Every parameter of a struct, in its order."""
    hints = get_type_hints(kind, include_extras=True)
    return [_parameter(kind, one, hints[one.name]) for one in msgspec.structs.fields(kind)]


def rows(kind: type[msgspec.Struct]) -> Iterator[type[msgspec.Struct]]:
    """The structs of which a parameter is a list."""
    return (one.row for one in parameters(kind) if one.row is not None)


def json_object(kind: type[msgspec.Struct], without: frozenset[str] = frozenset()) -> Schema:
    """A struct as a JSON object; what the path names is left out."""
    found = [one for one in parameters(kind) if one.name not in without]
    properties = {one.name: {**one.in_json, "description": one.description} for one in found}
    return _object(kind, properties, [one.name for one in found if one.required])


def form_object(kind: type[msgspec.Struct], without: frozenset[str] = frozenset()) -> Schema:
    """A struct as a form, in PHP's notation where it has lists."""
    properties: dict[str, Schema] = {}
    patterns: dict[str, Schema] = {}
    required = []
    for one in parameters(kind):
        if one.name in without:
            continue
        if one.row is not None:
            for part in parameters(one.row):
                shown = {**part.in_query, "description": part.description}
                patterns[rf"^{one.name}\[[0-9]{{1,9}}\]\[{part.name}\]$"] = shown
            continue
        name = f"{one.name}[]" if one.is_list else one.name
        properties[name] = {**one.in_query, "description": one.description}
        if one.required:
            required.append(name)
    return _object(kind, properties, required) | ({"patternProperties": patterns} if patterns else {})


def query_parameters(kind: type[msgspec.Struct], in_path: frozenset[str]) -> Iterator[Schema]:
    """A struct as the parameters of a path and a query; of rows the first one, as the rest have its names."""
    for one in parameters(kind):
        if one.row is not None:
            for part in parameters(one.row):
                sentence = f"{part.description} The further rows have the numbers 1, 2, ... instead of 0."
                required = one.required and part.required
                yield _shown(f"{one.name}[0][{part.name}]", "query", sentence, part.in_query, required)
        elif one.name in in_path:
            yield _shown(one.name, "path", one.description, one.in_query, True)
        else:
            shown = _shown(one.name, "query", one.description, one.in_query, one.required)
            yield shown | ({"style": "form", "explode": True} if one.is_list else {})


def _shown(name: str, place: str, sentence: str, schema: Schema, required: bool) -> Schema:
    return {"name": name, "in": place, "required": required, "description": sentence, "schema": schema}


def _object(kind: type[msgspec.Struct], properties: dict[str, Schema], required: list[str]) -> Schema:
    about = (kind.__doc__ or "").partition("\n")[0]
    schema: Schema = {"type": "object", "description": about, "properties": properties}
    return schema | ({"required": required} if required else {})


def _parameter(kind: type[msgspec.Struct], field: msgspec.structs.FieldInfo, hint: Any) -> Parameter:
    hint, marks = bare(hint)
    is_list = get_origin(hint) is list
    inner = row_of(get_args(hint)[0] if is_list else hint)
    row = inner if isinstance(inner, type) and issubclass(inner, msgspec.Struct) else None
    return Parameter(
        name=field.encode_name,
        others=tuple(mark.name for mark in marks if isinstance(mark, Also)),
        sentence=sentence_of(kind, field.encode_name),
        required=field.required,
        default=_plain(field.default),
        is_list=is_list,
        value=None if row else _value(inner),
        row=row,
        commas=COMMAS in marks,
        most=next((mark.most for mark in marks if isinstance(mark, Rows)), None),
    )


def _value(kind: Any) -> Value:
    if get_origin(kind) is Literal:
        return Value({"type": "string", "enum": list(get_args(kind))})
    return VALUES.get(kind, Value({"type": "string"}))


def _plain(default: Any) -> str | int | None:
    """A default as JSON has it; a moment or an empty list is none that a caller need be told."""
    if isinstance(default, int):
        return int(default)
    return str(default) if isinstance(default, str) else None


def _between_commas(text: Schema) -> str:
    one = "|".join(text["enum"]) if "enum" in text else text["pattern"].removeprefix("^").removesuffix("$")
    return f"^({one})(,({one}))*$"
