"""What networks are shown of the sky."""
