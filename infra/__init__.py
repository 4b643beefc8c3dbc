"""What runs and ships the functions: connector, local platform, publisher, command line."""
