"""The commands of `hookstream`, a module for each."""
