"""What `rehab-coach benchmark` measures: speed and accuracy, each against a named baseline in the same run."""
