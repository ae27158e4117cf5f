"""A cocotb bench of one's own on an emitted design: a burst, a pause, and a look at the timing."""

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles

from warp2hdl.sim.driver import StreamDriver
from warp2hdl.sim.monitor import StreamMonitor

BURST = 20


@cocotb.test()
async def a_sample_per_cycle_comes_out_as_a_result_per_cycle(dut):
    dut.rst.value = 1
    dut.in_valid.value = 0
    Clock(dut.clk, 10, "ns").start()
    await ClockCycles(dut.clk, 2)
    dut.rst.value = 0

    driver = StreamDriver(dut, gap_probability=0)
    monitor = StreamMonitor(dut)
    monitor.start()
    await driver.send(range(BURST))  # each sample is one integer: feature i at in_features[lsb +: bits]
    await driver.idle(100)

    assert len(monitor.results) == BURST
    latencies = {result.time - sent for result, sent in zip(monitor.results, driver.sent, strict=True)}
    assert len(latencies) == 1, "every sample takes as long"
    assert all(result.class_id is not None for result in monitor.results)
