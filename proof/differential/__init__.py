"""Play one script to two job servers and compare their answers."""
