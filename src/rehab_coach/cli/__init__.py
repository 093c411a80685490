"""The command `rehab-coach`: a module for each of its subcommands, which imports what it needs when it runs."""
