"""Reads the imports of a tree of modules, and lists what breaks the order in which they may import one another."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = "warp2hdl"
BESIDE = ("kernels", "rtl_templates", "sim")
"""The packages of `warp2hdl` that lie beside it in a checkout."""

ORDER = (
    ("errors",),
    ("config", "files"),
    ("kernels", "rtl_templates"),
    ("data", "encode", "presets"),
    ("nn",),
    ("train",),
    ("ir",),
    ("lower",),
    ("passes",),
    ("backends", "engines"),
    ("runtime", "difflogic"),
    ("sim",),
    ("formal", "synth"),
    ("report",),
    ("cli",),
    ("__main__",),
)
"""A part may import itself and the parts of earlier rows."""


@dataclass(frozen=True)
class Import:
    """One import: the module that holds it, the line, what it names, and whether it runs when the module is loaded."""

    module: str
    line: int
    target: str
    on_load: bool


def module_files(tree: Path) -> dict[str, Path]:
    """The modules of a checkout, by dotted name."""
    files = {}
    for folder, package in ((ROOT, ROOT), *((name, f"{ROOT}.{name}") for name in BESIDE)):
        for path in sorted((tree / folder).rglob("*.py")):
            parts = (package, *path.relative_to(tree / folder).with_suffix("").parts)
            files[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return files


@cache
def imports(tree: Path) -> list[Import]:
    """Every import of every module: absolute, relative, inside functions, and by name through `import_module`."""
    return [found for name, path in module_files(tree).items() for found in _module_imports(name, path)]


def _module_imports(module: str, path: Path) -> Iterator[Import]:
    source = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    later = {id(child) for node in ast.walk(source) if _is_later(node) for child in ast.walk(node)}
    for node in ast.walk(source):
        for target in _targets(node, package):
            yield Import(module, node.lineno, target, on_load=id(node) not in later)


def _is_later(node: ast.AST) -> bool:
    """Whether what the node holds does not run when its module is loaded."""
    if isinstance(node, ast.If):
        return isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
    return isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))


def _targets(node: ast.AST, package: str) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        parents = package.split(".")
        above = ".".join(parents[: len(parents) - node.level + 1]) if node.level else ""
        base = ".".join(part for part in (above, node.module) if part)
        # `from package import module` loads the module too; a name that is none is dropped when it is resolved.
        return [base, *(f"{base}.{alias.name}" for alias in node.names)]
    if isinstance(node, ast.Call) and _called(node.func) in {"import_module", "__import__"}:
        return [arg.value for arg in node.args[:1] if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
    return []


def _called(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def order_violations(tree: Path) -> list[str]:
    """Imports that go up in `ORDER`, across a row of it, to a part it does not list, or past the package's name."""
    ranks = {part: rank for rank, row in enumerate(ORDER) for part in row}
    violations = [f"{name}: no row of the order lists it" for name in module_files(tree) if not _listed(name, ranks)]
    for found in imports(tree):
        if found.target.split(".")[0] in BESIDE:
            violations.append(f"{found.module}:{found.line}: {found.target} is called {ROOT}.{found.target}")
        if (reason := _wrong(found, ranks)) is not None:
            violations.append(f"{found.module}:{found.line}: {reason}")
    return list(dict.fromkeys(violations))


def _listed(module: str, ranks: Mapping[str, int]) -> bool:
    return module == ROOT or _part(module) in ranks


def _wrong(found: Import, ranks: Mapping[str, int]) -> str | None:
    source, target = _part(found.module), _part(found.target)
    if target not in ranks or source == target:
        return None
    if source not in ranks or ranks[target] >= ranks[source]:
        return f"{source or ROOT} may not import {target}"
    return None


def _part(module: str) -> str:
    root, _, rest = module.partition(".")
    return rest.split(".")[0] if root == ROOT else ""


def reached(tree: Path, start: str, forbidden: Sequence[str], *, on_load: bool = False) -> list[str] | None:
    """The way from a module to a forbidden one, as the modules in between, or None where there is none.

    Args:
        tree: the checkout.
        start: the module to start from.
        forbidden: top-level modules, such as `torch`.
        on_load: follow only what runs when a module is loaded, not what its functions import.
    """
    files = module_files(tree)
    edges: dict[str, list[str]] = {name: [] for name in files}
    for found in imports(tree):
        if found.on_load or not on_load:
            edges[found.module].append(found.target)
    ways: list[list[str]] = [[start]]
    seen = {start}
    for way in ways:
        for target in edges[way[-1]]:
            if target.split(".")[0] in forbidden:
                return [*way, target]
            # Loading a module loads the packages around it first.
            for module in _with_parents(target):
                if module in files and module not in seen:
                    seen.add(module)
                    ways.append([*way, module])
    return None


def _with_parents(module: str) -> list[str]:
    parts = module.split(".")
    return [".".join(parts[: count + 1]) for count in range(len(parts))]
