"""Pictures: PNG, JPEG, TIFF and WebP files, and bands of one field put together."""
