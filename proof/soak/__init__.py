"""Everything goes wrong at once, for an hour; nothing may be lost."""
