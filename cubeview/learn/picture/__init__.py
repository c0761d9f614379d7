"""What pictures bring to learning."""
