"""What is true in the window and what can be done to it, without anything to look at."""
