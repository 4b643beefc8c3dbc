"""What is done with dead letters: list, show, correct, redrive, drop."""
