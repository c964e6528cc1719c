"""Kill job servers under load and look for every acknowledged job."""
