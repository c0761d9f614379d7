"""What is like a case, what is odd, what belongs together, by one model's features of them."""
