"""What networks are shown of a heart: the ventricle found, fitted, registered, cut out."""
