"""Asking a model about a case, or about many."""
