"""What the functions stand on. Imports nothing from functions/ or infra/."""
