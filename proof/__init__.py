"""Programs that try to prove Geartrain wrong: see README.md beside this file."""
