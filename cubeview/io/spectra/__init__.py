"""Single spectra, whatever file they come in: columns told apart, one case each."""
