"""An AXI4-Stream wrapper for a pipeline with valid bits and no back-pressure."""

from __future__ import annotations

from dataclasses import dataclass
from string import Template

_BODY = Template("""\
module $top (
$ports
);
  // Beats into samples: a sample ends with the last of its beats, or earlier with its packet.
  reg $features words;
  reg sample_valid, sample_last, sample_short;
$count
  wire ends = take && (complete || s_axis_tlast);

$words
  always @(posedge aclk) begin
    sample_last <= s_axis_tlast;
    sample_short <= !complete;
  end

  // The pipeline never waits; what TLAST said goes along with it.
  wire result_valid;
  wire $outputs result;
  reg $marks marks;
  $core core (
    .clk(aclk),
    .rst(!aresetn),
    .in_valid(sample_valid),
    .in_features(words),
    .out_valid(result_valid),
$connections
  );

  always @(posedge aclk) marks <= $shifted;

  // Results wait here for the sink. Every sample on its way has its place in `store`; without a free one none is taken.
  reg $entry store [0:$last_place];
  reg $entry entry;
  reg $pointer write_at, read_at, free;
  wire load = write_at != read_at && (!m_axis_tvalid || m_axis_tready);
  wire $pointer free_next = ends == load ? free : load ? free + $one : free - $one;

  always @(posedge aclk) begin
    if (result_valid) store[write_at$index] <= {marks[$oldest], result};
    if (load) entry <= store[read_at$index];
  end

  initial {sample_valid, write_at, read_at, s_axis_tready, m_axis_tvalid} = 0;
  initial free = $places;
  always @(posedge aclk) begin
    sample_valid <= ends && aresetn;
    if (result_valid) write_at <= write_at + $one;
    if (load) read_at <= read_at + $one;
    free <= free_next;
    s_axis_tready <= free_next != $none;
    m_axis_tvalid <= load || (m_axis_tvalid && !m_axis_tready);
    if (!aresetn) begin
      write_at <= $none;
      read_at <= $none;
      free <= $places;
      s_axis_tready <= 1'b0;
      m_axis_tvalid <= 1'b0;
    end
  end

  assign m_axis_tdata = $data;
  assign m_axis_tlast = entry[$tlast];
  assign m_axis_tuser = entry[$tuser];
endmodule
""")

_ONE_BEAT = """\
  wire complete = 1'b1;
  wire take = s_axis_tvalid && s_axis_tready;"""

_COUNTER = Template("""\
  reg $range beat;
  wire complete = beat == $last;
  wire take = s_axis_tvalid && s_axis_tready;""")

_COUNTING = Template("""\
  initial beat = $zero;
  always @(posedge aclk)
    if (!aresetn || ends) beat <= $zero;
    else if (take) beat <= beat + $one;

""")

# A place for each beat and not a shift register: what no comparator reads of a sample costs no flip-flop then.
_FULL_BEATS = Template("""\
  genvar i;
  generate
    for (i = 0; i < $beats; i = i + 1) begin : part
      always @(posedge aclk)
        if (take && beat == i) words[i * $bus_bits +: $bus_bits] <= s_axis_tdata;
    end
  endgenerate
""")


@dataclass(frozen=True)
class AxisWrapper:
    """A module with AXI4-Stream ports around a module with those of the interface `stream`.

    Attributes:
        top: the wrapper's name.
        core: the name of the module inside.
        bus_bits: width of `s_axis_tdata`.
        feature_bits: width of the core's `in_features`.
        class_bits: width of its `out_class`.
        scores_bits: width of its `out_scores`; 0 where it has none.
        core_latency_cycles: clock edges from the core's sample to its result, at least 1.
    """

    top: str
    core: str
    bus_bits: int
    feature_bits: int
    class_bits: int
    scores_bits: int
    core_latency_cycles: int

    @property
    def beats(self) -> int:
        """Beats of the bus that make a sample."""
        return -(-self.feature_bits // self.bus_bits)

    @property
    def scores_lsb(self) -> int:
        """Where the scores start in `m_axis_tdata`, behind the class in whole bytes."""
        return -(-self.class_bits // 8) * 8

    @property
    def result_bits(self) -> int:
        """Width of `m_axis_tdata`: class and scores, each in whole bytes."""
        return self.scores_lsb + -(-self.scores_bits // 8) * 8

    @property
    def latency_cycles(self) -> int:
        """Clock edges from a sample's last beat to its result, if the sink is ready: three more than the core's."""
        return self.core_latency_cycles + 3

    @property
    def depth(self) -> int:
        """Places for results: as many samples as are on their way while a beat is taken in every cycle, or more.

        A place is taken with a sample's last beat and free again when the result leaves for the output register,
        `core_latency_cycles + 2` edges later.
        """
        needed = 1 + -(-(self.core_latency_cycles + 2) // self.beats)
        return 1 << (needed - 1).bit_length()

    def text(self) -> str:
        """The Verilog."""
        index_bits = (self.depth - 1).bit_length()
        pointer_bits = index_bits + 1
        outputs = self.class_bits + self.scores_bits
        marks = 2 * self.core_latency_cycles
        shifted = f"{{marks[{marks - 3}:0], sample_last, sample_short}}" if marks > 2 else "{sample_last, sample_short}"
        return _BODY.substitute(
            top=self.top,
            core=self.core,
            ports=self._ports(),
            features=_range(self.feature_bits),
            outputs=_range(outputs),
            marks=_range(marks),
            entry=_range(outputs + 2),
            pointer=_range(pointer_bits),
            index=_range(index_bits),
            count=self._count(),
            words=self._words(),
            connections=self._connections(),
            shifted=shifted,
            oldest=f"{marks - 1}:{marks - 2}",
            last_place=self.depth - 1,
            one=f"{pointer_bits}'d1",
            none=f"{pointer_bits}'d0",
            places=f"{pointer_bits}'d{self.depth}",
            data=self._data(),
            tlast=outputs + 1,
            tuser=outputs,
        )

    def _ports(self) -> str:
        ports = (
            ("input  wire", 1, "aclk"),
            ("input  wire", 1, "aresetn"),
            ("input  wire", self.bus_bits, "s_axis_tdata"),
            ("input  wire", 1, "s_axis_tvalid"),
            ("output reg ", 1, "s_axis_tready"),
            ("input  wire", 1, "s_axis_tlast"),
            ("output wire", self.result_bits, "m_axis_tdata"),
            ("output reg ", 1, "m_axis_tvalid"),
            ("input  wire", 1, "m_axis_tready"),
            ("output wire", 1, "m_axis_tlast"),
            ("output wire", 1, "m_axis_tuser"),
        )
        # No bus is one bit wide.
        return ",\n".join(f"  {kind} {_range(width) + ' ' if width > 1 else ''}{name}" for kind, width, name in ports)

    def _count(self) -> str:
        if self.beats == 1:
            return _ONE_BEAT
        bits = (self.beats - 1).bit_length()
        return _COUNTER.substitute(range=_range(bits), last=f"{bits}'d{self.beats - 1}")

    def _words(self) -> str:
        if self.beats == 1:
            return f"  always @(posedge aclk) if (take) words <= {self._last_part()};\n"
        bits = (self.beats - 1).bit_length()
        counting = _COUNTING.substitute(zero=f"{bits}'d0", one=f"{bits}'d1")
        full = _FULL_BEATS.substitute(beats=self.beats - 1, bus_bits=self.bus_bits)
        target = f"words[{self.feature_bits - 1}:{(self.beats - 1) * self.bus_bits}]"
        return f"{counting}{full}  always @(posedge aclk) if (take && complete) {target} <= {self._last_part()};\n"

    def _last_part(self) -> str:
        rest = self.feature_bits - (self.beats - 1) * self.bus_bits
        return "s_axis_tdata" if rest == self.bus_bits else f"s_axis_tdata[{rest - 1}:0]"

    def _connections(self) -> str:
        if not self.scores_bits:
            return "    .out_class(result)"
        top = self.class_bits + self.scores_bits - 1
        return f"    .out_class(result[{self.class_bits - 1}:0]),\n    .out_scores(result[{top}:{self.class_bits}])"

    def _data(self) -> str:
        """Class and scores of `entry`, each with zeros above it up to whole bytes."""
        parts = [(self.class_bits, 0, self.scores_lsb)]
        if self.scores_bits:
            parts.append((self.scores_bits, self.class_bits, self.result_bits - self.scores_lsb))
        texts = []
        for width, lsb, padded in reversed(parts):
            if padded > width:
                texts.append(f"{padded - width}'d0")
            texts.append(f"entry[{lsb + width - 1}:{lsb}]")
        return f"{{{', '.join(texts)}}}"


def _range(width: int) -> str:
    return f"[{width - 1}:0]"
