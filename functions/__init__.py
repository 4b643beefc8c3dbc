"""One folder per role; each main.py holds the handler and nothing that another role needs."""
