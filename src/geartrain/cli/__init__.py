"""The programs: ``geartrain`` and the drop-in ``gearmand``."""
