"""Yosys's Verilog made fit for people: ANSI ports, data flow order, names instead of `$1`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from warp2hdl.backends.block import WrittenBlock
from warp2hdl.backends.lookups import wrap, write_range
from warp2hdl.backends.targets import Target
from warp2hdl.errors import ToolError

_DECLARATION = re.compile(r"(input|output|wire|reg) (?:\[(\d+):0\] )?(\\\S+ |\w+)(?: = (.*))?;")
_TEMPORARY = re.compile(r"\\\$(\d+) ?")
_NAME = re.compile(r"(?<!['\w])[A-Za-z_]\w*")
_ITEM = re.compile(r"(\w+)(?:\[(\d+)(?::(\d+))?\])?")


@dataclass
class _Instance:
    module: str
    name: str
    ports: dict[str, str]


@dataclass
class _Module:
    """A module as Yosys wrote it, taken apart."""

    name: str
    ports: list[str]
    order: dict[str, int] = field(default_factory=dict)
    directions: dict[str, str] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    widths: dict[str, int] = field(default_factory=dict)
    initial: dict[str, str] = field(default_factory=dict)
    assigns: dict[str, str] = field(default_factory=dict)
    registers: list[tuple[str, str]] = field(default_factory=list)
    instances: list[_Instance] = field(default_factory=list)
    cut: set[str] = field(default_factory=set)  # temporaries that lost their top bits

    def rank(self, name: str) -> tuple[int, str]:
        """A sort key: names in the order in which their signals were built, then Yosys's own."""
        return self.order.get(name, len(self.order)), name


def _misread(where: str, text: str) -> ToolError:
    return ToolError(f"Yosys wrote {text.strip()!r} in {where}, which is not understood; please report this.")


def natural(name: str) -> list[tuple[int, int, str]]:
    """A sort key under which n9 comes before n10."""
    parts = re.findall(r"\d+|\D+", name)
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts]


def _parse(text: str) -> _Module:
    """One module's text, from `module` up to `endmodule`."""
    head = re.match(r"\s*module (\w+)\s*\((.*?)\);\n", text, re.DOTALL)
    if head is None:
        raise _misread("the text", text[:80])
    module = _Module(head[1], [port.strip() for port in head[2].split(",")])
    lines = iter(_TEMPORARY.sub(r"_t\1_", text[head.end() :]).splitlines())
    for raw in lines:
        line = raw.strip()
        if not line:
            continue
        if declared := _DECLARATION.fullmatch(line):
            _add_declaration(module, declared)
        elif line.startswith("assign "):
            target, _, value = line[len("assign ") : -1].partition(" = ")
            module.assigns[_parse_target(target, module)] = _squeeze(value)
        elif line == "always @(posedge clk)":
            target, _, value = next(lines).strip()[:-1].partition(" <= ")
            module.registers.append((target.strip(), _squeeze(value)))
        elif line.endswith("("):
            module.instances.append(_parse_instance(line, lines))
        else:
            raise _misread(module.name, line)
    return module


def _parse_target(text: str, module: _Module) -> str:
    """The left side of an assignment; of `{ _t1_[3], sum }`, a sum whose top bits nothing reads, the name."""
    *leading, last = text.strip(" {}").replace(" ", "").split(",")
    if not all(part.startswith("_t") for part in leading):
        raise _misread(module.name, text)
    module.cut.update(part.partition("[")[0] for part in leading)
    return last


def _squeeze(text: str) -> str:
    return re.sub(r" +", " ", text).replace("{ ", "{").replace(" }", "}").strip()


def _add_declaration(module: _Module, found: re.Match[str]) -> None:
    kind, msb, name, initial = found.groups()
    if kind in ("input", "output"):
        module.directions[name] = kind
        return
    module.kinds[name] = kind
    module.widths[name] = int(msb or 0) + 1
    if initial:
        module.initial[name] = initial


def _parse_instance(line: str, lines: Iterable[str]) -> _Instance:
    """`type name (`, then one port a line up to `);`."""
    module, name, _ = line.split()
    ports = {}
    for raw in lines:
        item = raw.strip().rstrip(",")
        if item == ");":
            break
        port, _, value = item[1:-1].partition("(")
        ports[port] = _squeeze(value)
    return _Instance(module, name, ports)


def _inline_temporaries(module: _Module) -> None:
    """Puts the unnamed wires where they are read.

    Only where that cannot change a width: as a whole right-hand side, or one-bit `& | ^` within others of one bit.
    """
    safe = {
        name: value
        for name, value in module.assigns.items()
        if name.startswith("_t") and re.fullmatch(r"[\w\[\]&|^ ]+", value) and module.widths.get(name) == 1
    }
    whole = {name: value for name, value in module.assigns.items() if name.startswith("_t") and name in module.widths}

    def resolve(value: str) -> str:
        if value in whole:
            return resolve(whole[value])
        return re.sub(r"_t\d+_", lambda m: inner(safe[m[0]], value) if m[0] in safe else m[0], value)

    def inner(value: str, outer: str) -> str:
        text = resolve(value)
        same = set(re.findall("[&|^+>?{]", text)) == set(re.findall("[&|^+>?{]", outer))
        return text if same else f"({text})"

    module.assigns = {name: resolve(value) for name, value in module.assigns.items()}
    module.registers = [(name, resolve(value)) for name, value in module.registers]
    for instance in module.instances:
        instance.ports = {port: resolve(value) for port, value in instance.ports.items()}


def _drop_unread(module: _Module) -> None:
    """Removes the wires that nothing reads: what was put in place above, and second names for one wire."""
    while True:
        texts = [*module.assigns.values(), *(value for _, value in module.registers)]
        texts += [value for instance in module.instances for value in instance.ports.values()]
        read = {name for text in texts for name in _NAME.findall(text)} | set(module.ports)
        driven = [name for name in module.assigns if name.partition("[")[0] not in read]
        unread = {name for name in module.kinds if name not in read}
        if not driven and not unread:
            return
        for name in driven:
            del module.assigns[name]
        for name in unread:
            del module.kinds[name]


def _parse_constant(text: str) -> int:
    _, _, digits = text.partition("'")
    return int(digits[1:], {"h": 16, "d": 10, "b": 2}[digits[0]])


def _even_widths(value: str, module: _Module) -> str:
    """`words[10:3] >= 6'h2f` -> `words[10:3] >= 8'd47`, `sum + count` -> `sum + {1'd0, count}`.

    Amaranth cuts leading zeros off operands; with them no reader and no tool has to guess at an operator's width.
    """
    found = re.fullmatch(r"(\S+) (\+|>|>=) (\S+)", value)
    if found is None:
        return value
    left, operator, right = found.groups()
    wide = max(_width(left, module), _width(right, module))
    return f"{_extend(left, wide, module)} {operator} {_extend(right, wide, module)}"


def _width(operand: str, module: _Module) -> int:
    if "'" in operand:
        return int(operand.partition("'")[0])
    found = _ITEM.fullmatch(operand)
    if found is None or found[1] not in module.widths:
        raise _misread(module.name, operand)
    if not found[2]:
        return module.widths[found[1]]
    return int(found[2]) - int(found[3] or found[2]) + 1


def _extend(operand: str, width: int, module: _Module) -> str:
    if "'" in operand:
        return f"{width}'d{_parse_constant(operand)}"
    missing = width - _width(operand, module)
    return f"{{{missing}'d0, {operand}}}" if missing else operand


def _in_order(wires: Mapping[str, str]) -> list[str]:
    """Names of wires so that each follows those that its value reads, else as they come."""
    ordered: dict[str, None] = {}
    for root in wires:
        stack = [(root, False)]
        while stack:
            name, ready = stack.pop()
            if name in ordered:
                continue
            if ready:
                ordered[name] = None
                continue
            stack.append((name, True))
            stack += [(read, False) for read in reversed(_NAME.findall(wires[name])) if read in wires]
    return list(ordered)


def _write_ports(module: _Module) -> str:
    lines = [
        f"  {module.directions[port]:<6} {'reg ' if module.kinds[port] == 'reg' else 'wire'} "
        f"{write_range(module.widths[port])}{port}"
        for port in module.ports
    ]
    return f"module {module.name} (\n" + ",\n".join(lines) + "\n);\n"


def _write_instance(instance: _Instance, ports: Sequence[str]) -> str:
    lines = [wrap(f".{port}({instance.ports[port]})", "    ") for port in ports]
    return f"  {instance.module} {instance.name} (\n" + ",\n".join(lines) + "\n  );"


def _check_driven(module: _Module, modules: Mapping[str, _Module]) -> None:
    """A wire that lost its driver on the way must never reach a file."""
    driven = {name.partition("[")[0] for name in [*module.assigns, *(name for name, _ in module.registers)]}
    for instance in module.instances:
        outputs = (port for port, way in modules[instance.module].directions.items() if way == "output")
        driven.update(instance.ports[port] for port in outputs)
    inputs = {port for port, direction in module.directions.items() if direction == "input"}
    if lost := sorted((set(module.kinds) - driven - inputs) | (module.cut & set(module.kinds))):
        raise ToolError(f"Yosys's text of {module.name} was misread: nothing drives {lost[0]}; please report this.")


def _write_registers(module: _Module) -> list[str]:
    if not module.registers:
        return []
    registers = sorted(module.registers, key=lambda r: (r[0].partition("[")[0] in module.ports, natural(r[0])))
    lines = [wrap(f"{name} <= {_even_widths(value, module)};", "    ") for name, value in registers]
    return ["  always @(posedge clk) begin", *lines, "  end"]


def _write_declarations(module: _Module, skip: set[str]) -> list[str]:
    return [
        f"  {module.kinds[name]} {write_range(module.widths[name])}{name};"
        for name in sorted(
            set(module.kinds) - set(module.ports) - skip, key=lambda n: (module.kinds[n] == "reg", natural(n))
        )
    ]


@dataclass
class _Style:
    """What all modules have in common: how look-ups are written, who has which ports, which write themselves.

    `arities` are the inputs of all primitives that were written.
    """

    target: Target
    ports: Mapping[str, Sequence[str]]
    written: Mapping[str, WrittenBlock]
    arities: set[int] = field(default_factory=set)


def _write(module: _Module, style: _Style) -> str:
    """The module's new text."""
    if block := style.written.get(module.name):
        sections = block.statements(style.target, style.arities)
    else:
        sections = _sections(module, style)
    body = "\n\n".join("\n".join(lines) for lines in sections if lines)
    return f"{_write_ports(module)}\n{body}\nendmodule\n"


def _sections(module: _Module, style: _Style) -> list[list[str]]:
    inner = sorted(set(module.assigns) & set(module.kinds) - set(module.ports), key=module.rank)
    wires = {name: module.assigns[name] for name in inner}
    assigns = {n: value for n, value in module.assigns.items() if n not in wires}
    blocks = sorted(module.instances, key=lambda instance: module.rank(instance.name))
    return [
        _write_declarations(module, set(wires)),
        [
            wrap(f"wire {write_range(module.widths[n])}{n} = {_even_widths(wires[n], module)};")
            for n in _in_order(wires)
        ],
        *([_write_instance(block, style.ports[block.module])] for block in blocks),
        [f"  initial {name} = {value};" for name, value in module.initial.items()],
        _write_registers(module),
        [wrap(f"assign {n} = {_even_widths(value, module)};") for n, value in assigns.items()],
    ]


def _write_models(style: _Style) -> str:
    if style.target.write_models is None or not style.arities:
        return ""
    models = style.target.write_models(style.arities)
    note = "// What the primitives do, for Verilator alone; other tools bring the vendor's models."
    return f"\n{note}\n`ifdef VERILATOR\n{models}`endif\n"


def tidy(
    text: str,
    target: Target,
    comments: Mapping[str, str],
    order: Mapping[str, Sequence[str]],
    written: Mapping[str, WrittenBlock] = MappingProxyType({}),
) -> str:
    """Rewrites what Yosys wrote.

    Args:
        text: Yosys's Verilog.
        target: what a look-up becomes.
        comments: the modules in the order in which they shall stand, and per module a line to stand above it.
        order: per module, its signals' and instances' names in the order in which they shall stand.
        written: the modules of which `text` has the ports alone, by name.

    Raises:
        ToolError: Yosys wrote something that is not understood.
    """
    start = re.compile(r"(?m)^(?=module )")
    parts = [part.split("\nendmodule")[0] + "\n" for part in start.split(text)[1:]]
    parsed = {module.name: module for module in map(_parse, parts)}
    style = _Style(target, {name: module.ports for name, module in parsed.items()}, written)
    found = []
    for name, comment in comments.items():
        module = parsed[name]
        module.order = {name: i for i, name in reversed(list(enumerate(order[name])))}
        _inline_temporaries(module)
        _drop_unread(module)
        if name not in written:
            _check_driven(module, parsed)
        found.append(f"{wrap('// ' + comment, '')}\n{_write(module, style)}")
    return "\n".join(found) + _write_models(style)
