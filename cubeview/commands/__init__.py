"""Every step of the program as a command; one module a group, each with ``add(commands)``."""
