"""One script played to two job servers, and the traces compared."""
