"""Measure Geartrain against the C job server: see README.md beside this file."""
