"""How long, branchy, annotated, documented and tangled Python source is: plain functions over parsed files."""

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

Function = ast.FunctionDef | ast.AsyncFunctionDef
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
LOOPS = (ast.For, ast.AsyncFor, ast.While, ast.comprehension)
BRANCHES = (*LOOPS, ast.If, ast.IfExp, ast.BoolOp, ast.ExceptHandler, ast.match_case)
BROAD = {"Exception", "BaseException"}
MOCK_WORDS = re.compile(r"\b(?:(?:Magic|Async)?Moc[k]|(?:monkey)?patc[h])\b")


@dataclass(frozen=True, slots=True)
class Source:
    """One Python file: where it is, what it says, and its syntax tree."""

    path: Path
    text: str
    tree: ast.Module

    @property
    def lines(self) -> int:
        """Its length as an editor shows it."""
        return self.text.count("\n") + 1


def read(folder: Path) -> list[Source]:
    """Every Python file below a folder, in order of its path."""
    return [
        Source(path=path, text=text, tree=ast.parse(text, filename=str(path)))
        for path in sorted(folder.rglob("*.py"))
        for text in [path.read_text(encoding="utf-8")]
    ]


def quantile(values: Iterable[float], share: float) -> float:
    """The value below which `share` of the values lie (nearest rank; 0 of nothing)."""
    ordered = sorted(values)
    return ordered[round(share * (len(ordered) - 1))] if ordered else 0


def functions(sources: Sequence[Source]) -> list[tuple[Source, Function]]:
    """Every function and method, nested ones too."""
    return [(source, node) for source in sources for node in ast.walk(source.tree) if isinstance(node, FUNCTIONS)]


def body_lines(node: Function) -> int:
    """Lines of a function from `def` to its end, its docstring not counted."""
    doc = ast.get_docstring(node, clean=False)
    return (node.end_lineno or node.lineno) - node.lineno + 1 - (len(doc.splitlines()) if doc else 0)


def branches(node: Function) -> int:
    """Ways through a function: one, and one more for each place where it may turn."""
    return 1 + sum(isinstance(inner, BRANCHES) for inner in ast.walk(node))


def unannotated(sources: Sequence[Source]) -> list[str]:
    """Arguments and results without a type (`self` and `cls` need none)."""
    found = []
    for source, node in functions(sources):
        arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        bare = [a.arg for a in arguments if a.annotation is None and a.arg not in {"self", "cls"}]
        bare += ["its result"] if node.returns is None else []
        found += [f"{source.path}:{node.lineno} {node.name}: {name}" for name in bare]
    return found


def public_names(sources: Sequence[Source]) -> list[tuple[Source, Function | ast.ClassDef]]:
    """Every class, function and method whose name has no leading underscore."""
    return [
        (source, node)
        for source in sources
        for node in ast.walk(source.tree)
        if isinstance(node, (*FUNCTIONS, ast.ClassDef)) and not node.name.startswith("_")
    ]


def undocumented(sources: Sequence[Source]) -> list[str]:
    """Public names without a docstring."""
    return [f"{s.path}:{node.lineno} {node.name}" for s, node in public_names(sources) if not ast.get_docstring(node)]


def without_opening_line(sources: Sequence[Source]) -> list[str]:
    """Files that do not begin with a docstring saying what they hold."""
    return [str(source.path) for source in sources if not ast.get_docstring(source.tree)]


def _is_broad(expression: ast.expr | None) -> bool:
    if isinstance(expression, ast.Tuple):
        return any(_is_broad(one) for one in expression.elts)
    return expression is None or getattr(expression, "id", "") in BROAD


def broad_handlers(sources: Sequence[Source]) -> list[tuple[Source, ast.ExceptHandler]]:
    """Handlers that catch everything: bare, `Exception` or `BaseException`."""
    return [
        (source, node)
        for source in sources
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ExceptHandler) and _is_broad(node.type)
    ]


def _speaks(handler: ast.ExceptHandler) -> bool:
    inner = [node for statement in handler.body for node in ast.walk(statement)]
    names = {node.id for node in inner if isinstance(node, ast.Name)}
    return handler.name in names or any(isinstance(node, ast.Raise) for node in inner)


def swallowed(sources: Sequence[Source]) -> list[str]:
    """Broad handlers that neither raise nor pass the error on, and `suppress` of everything."""
    silent = [f"{s.path}:{node.lineno}" for s, node in broad_handlers(sources) if not _speaks(node)]
    suppressed = [
        f"{source.path}:{node.lineno}"
        for source in sources
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) == "suppress"
        if any(_is_broad(argument) for argument in node.args)
    ]
    return silent + suppressed


def module_name(path: Path, root: Path) -> str:
    """The dotted name under which a file below `root` is imported."""
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imported(source: Source, name: str) -> Iterator[tuple[str, ...]]:
    """Candidates for each import, the deepest first; relative imports are resolved."""
    package = name.split(".") if source.path.name == "__init__.py" else name.split(".")[:-1]
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name,) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield from ((f"{base}.{alias.name}", base) for alias in node.names)


def imports(sources: Sequence[Source], root: Path) -> dict[str, set[str]]:
    """Which module of ours imports which, wherever the import stands (lazy or for types alone, too)."""
    modules = {module_name(source.path, root): source for source in sources}
    graph: dict[str, set[str]] = {name: set() for name in modules}
    for name, source in modules.items():
        for candidates in _imported(source, name):
            graph[name].update([found for found in candidates if found in modules][:1])
    return {name: targets - {name} for name, targets in graph.items()}


def cycle(graph: dict[str, set[str]]) -> list[str]:
    """One import cycle as the modules along it, or nothing."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def tests(sources: Sequence[Source]) -> list[tuple[Source, Function]]:
    """Every test function."""
    return [(source, node) for source, node in functions(sources) if node.name.startswith("test")]


def mock_words(sources: Sequence[Source]) -> int:
    """How often the tests speak of stand-ins instead of the real thing."""
    return sum(len(MOCK_WORDS.findall(source.text)) for source in sources)


def members(sources: Sequence[Source]) -> list[tuple[Source, ast.ClassDef]]:
    """Classes that declare a `kind` and what they `need`: the extensions."""
    return [
        (source, node)
        for source in sources
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ClassDef) and {"kind", "needs"} <= _class_variables(node)
    ]


def _class_variables(node: ast.ClassDef) -> set[str]:
    """Names that a class body gives a value."""
    annotated = {
        s.target.id for s in node.body if isinstance(s, ast.AnnAssign) and isinstance(s.target, ast.Name) and s.value
    }
    plain = {t.id for s in node.body if isinstance(s, ast.Assign) for t in s.targets if isinstance(t, ast.Name)}
    return annotated | plain
