"""Clocks: from a time to a picture (face), and from a picture back to a time (reading)."""
