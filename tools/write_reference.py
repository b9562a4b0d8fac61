"""Write the generated pages of docs/reference from the code: command line, nouns, errors, interface."""

import inspect
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from enum import Enum
from pathlib import Path
from typing import Any, get_type_hints

import msgspec

ROOT = Path(__file__).resolve().parent.parent
NOTE = "*Generated from the code by `make docs`; a test compares the two.*"


def _paragraphs(doc: str | None) -> str:
    """A docstring without its examples."""
    return inspect.cleandoc(doc or "").split("\n\n>>>")[0].split("\n>>>")[0].strip()


def _cell(text: str) -> str:
    """Text that fits a table's cell."""
    return " ".join(text.split()).replace("|", "\\|")


def _table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    if rows:
        yield "| " + " | ".join(heads) + " |"
        yield "|" + "---|" * len(heads)
        yield from ("| " + " | ".join(_cell(cell) for cell in row) + " |" for row in rows)
        yield ""


def _commands(command: Any, path: str) -> Iterator[tuple[str, Any]]:  # noqa: ANN401  # click's classes, imported lazily
    yield path, command
    for name, inner in sorted(getattr(command, "commands", {}).items()):
        if not inner.hidden:
            yield from _commands(inner, f"{path} {name}")


def _parameter(parameter: Any) -> tuple[str, str, str]:  # noqa: ANN401  # as _commands
    argument = parameter.param_type_name == "argument"
    positional = parameter.name.upper() + "…" * (parameter.nargs < 0)
    name = positional if argument else ", ".join([*parameter.opts, *parameter.secondary_opts])
    default = "" if argument or parameter.required or parameter.default in (None, (), False) else str(parameter.default)
    return f"`{name}`", default, getattr(parameter, "help", None) or ""


def _section(path: str, command: Any) -> Iterator[str]:  # noqa: ANN401  # as _commands
    yield from (f"## {path}" if " " in path else f"# {path}", "", _paragraphs(command.help), "")
    shown = [one for one in command.params if not getattr(one, "hidden", False)]
    yield from _table(("", "default", "what it does"), [_parameter(one) for one in shown])


def cli_page() -> str:
    """Every command with its arguments and options."""
    import typer

    from tocsin.app.cli import app

    sections = [line for path, one in _commands(typer.main.get_command(app), "tocsin") for line in _section(path, one)]
    return "\n".join([*sections, NOTE, ""])


def _noun(noun: type[msgspec.Struct]) -> Iterator[str]:
    hints = get_type_hints(noun)
    yield from (f"## {noun.__name__}", "", _paragraphs(noun.__doc__), "")
    rows = [(f"`{one.name}`", f"`{_type(hints[one.name])}`", _default(one)) for one in msgspec.structs.fields(noun)]
    yield from _table(("field", "type", "default"), rows)


def _type(hint: Any) -> str:  # noqa: ANN401  # a type, a union or a type variable
    text = hint.__name__ if isinstance(hint, type) and not hasattr(hint, "__args__") else str(hint)
    return re.sub(r"[~+]|\b(?:[a-z_]+\.)+(?=\w)", "", text)


def _default(one: msgspec.structs.FieldInfo) -> str:
    if one.default is msgspec.NODEFAULT:
        return "" if one.default_factory is msgspec.NODEFAULT else f"`{one.default_factory()!r}`"
    value = one.default.value if isinstance(one.default, Enum) else one.default
    return "as below" if isinstance(value, msgspec.Struct) else f"`{value!r}`"


def nouns_page() -> str:
    """What flows: every Struct that `tocsin.model` exports, with its fields."""
    from tocsin import model

    nouns = [getattr(model, name) for name in model.__all__]
    words = [noun for noun in nouns if isinstance(noun, type) and issubclass(noun, Enum)]
    rows = [
        (f"`{one.__name__}`", ", ".join(f"`{word.value}`" for word in one), _paragraphs(one.__doc__)) for one in words
    ]
    kept = [noun for noun in nouns if isinstance(noun, type) and issubclass(noun, msgspec.Struct)]
    opening = (
        "# The nouns\n\nTimes are seconds since 1970-01-01 UTC. Everything is frozen, and nothing in it is a handle.\n"
    )
    vocabularies = ["## Vocabularies", "", *_table(("name", "values", "what it says"), rows)]
    return "\n".join([opening, *(line for noun in kept for line in _noun(noun)), *vocabularies, NOTE, ""])


def configuration_page() -> str:
    """The keys of tocsin.yaml: the settings and what they are made of."""
    from tocsin.app import config

    parts = [one for one in vars(config).values() if isinstance(one, type) and one.__module__ == config.__name__]
    opening = (
        f"# The configuration\n\nThe keys of `{config.FILE}`: Settings first, then its parts. Others are refused.\n"
    )
    ordered = sorted(parts, key=lambda one: one is not config.Settings)
    return "\n".join([opening, *(line for part in ordered for line in _noun(part)), NOTE, ""])


def errors_page() -> str:
    """The error tree: code, name, what it means."""
    from tocsin import model

    named = [getattr(model, name) for name in model.__all__]
    errors = [one for one in named if isinstance(one, type) and issubclass(one, model.TocsinError)]
    rows = [(f"`{one.code}`", f"`{one.__name__}`", _paragraphs(one.__doc__)) for one in errors]
    opening = "# Errors\n\nEvery message says what is wrong and what to do; the code is what programs may rely on.\n"
    return "\n".join([opening, *_table(("code", "name", "meaning"), rows), NOTE, ""])


def _shape(schema: dict[str, Any]) -> str:
    """The name of a schema, or what it is made of."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    inner, choices = schema.get("items"), schema.get("anyOf", [])
    if choices:
        return " or ".join(map(_shape, choices))
    return f"list of {_shape(inner)}" if isinstance(inner, dict) else str(schema.get("type", "anything"))


def _bodies(described: dict[str, Any]) -> str:
    return ", ".join(f"{_shape(one['schema'])} as `{kind}`" for kind, one in described.get("content", {}).items())


def _proofs(operation: dict[str, Any], common: list[dict[str, Any]]) -> str:
    """How to say who one is."""
    ways = [" and ".join(way) or "nothing" for way in operation.get("security", common)]
    return " or ".join(ways) or "nothing"


def _operation(path: str, method: str, operation: dict[str, Any], common: list[dict[str, Any]]) -> Iterator[str]:
    yield from (f"## `{method.upper()} {path}`", "", operation["description"], "")
    given = [(f"`{one['name']}`", one["in"], _choices(one)) for one in operation.get("parameters", [])]
    yield from _table(("parameter", "in", ""), given)
    taken = _bodies(operation.get("requestBody", {}))
    status, answer = next(pair for pair in operation["responses"].items() if pair[0] != "default")
    yield from ([f"- Takes: {taken}"] if taken else [])
    yield f"- Answers {status}: {_bodies(answer) or 'nothing'}. {answer['description']}"
    yield from (f"- Needs: {_proofs(operation, common)}", "")


def _choices(parameter: dict[str, Any]) -> str:
    choices = ", ".join(f"`{one}`" for one in parameter["schema"].get("enum", []))
    return " ".join(part for part in (parameter.get("description", ""), choices) if part)


def _fields(name: str, schema: dict[str, Any]) -> Iterator[str]:
    yield from (f"### {name}", "", _paragraphs(schema.get("description")), "")
    if "enum" in schema:
        yield from (f"One of {', '.join(f'`{one}`' for one in schema['enum'])}.", "")
    needed = schema.get("required", [])
    yield from _table(
        ("field", "", "may be left out"),
        [
            (f"`{key}`", _shape(one), "" if key in needed else "yes")
            for key, one in schema.get("properties", {}).items()
        ],
    )


def api_page() -> str:
    """Every route of the HTTP interface and every shape that it speaks."""
    from tocsin.web.app import interface
    from tocsin.web.document import SCHEMES, describe

    document = describe(interface())
    routes = [
        line
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        for line in _operation(path, method, operation, document["security"])
    ]
    proofs = [f"- `{name}`: {one['type']} in {one.get('in', 'the header')}" for name, one in SCHEMES.items()]
    shapes = [line for name, one in sorted(document["components"]["schemas"].items()) for line in _fields(name, one)]
    opening = f"# The HTTP interface\n\n{document['info']['description']}\n"
    return "\n".join([opening, *proofs, "", *routes, "## Shapes", "", *shapes, NOTE, ""])


def rule_pack_page() -> str:
    """Every rule that ships."""
    import rule_pack

    return rule_pack.page(NOTE)


PAGES: dict[str, Callable[[], str]] = {
    "cli.md": cli_page,
    "configuration.md": configuration_page,
    "nouns.md": nouns_page,
    "errors.md": errors_page,
    "api.md": api_page,
    "rule-pack.md": rule_pack_page,
}


def main() -> int:
    """Write all pages."""
    folder = ROOT / "docs" / "reference"
    for name, page in PAGES.items():
        (folder / name).write_text(page(), encoding="utf-8")
        print(f"wrote docs/reference/{name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
