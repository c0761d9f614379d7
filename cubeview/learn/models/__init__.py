"""Models: networks, their cards, and what is needed to keep and to run them."""
