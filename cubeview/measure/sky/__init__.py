"""Of skies: images of an interval of the spectrum."""
