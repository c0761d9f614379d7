"""What a cube is: frozen values and plain functions, free of files, networks and windows."""
