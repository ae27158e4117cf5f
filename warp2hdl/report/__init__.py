"""Results as people read them: tables for a terminal, curves as a picture."""
