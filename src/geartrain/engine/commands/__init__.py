"""What each packet and text command does: one function each, named after it."""
