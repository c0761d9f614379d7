"""Networks: the only home of torch."""
