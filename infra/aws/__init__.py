"""What runs and ships hookstream on AWS."""
