"""From a circuit to hardware: `verilog.emit` writes a folder, `manifest.Manifest` describes and reads it.

Nothing is imported here: reading a manifest must not cost the import of Amaranth.
"""
