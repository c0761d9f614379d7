"""Of hearts: perfusion in segments, scores, sizes."""
