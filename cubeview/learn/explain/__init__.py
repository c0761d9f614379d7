"""Where a network looked, one file a method."""
