"""What there is to say about how an exercise was done."""
