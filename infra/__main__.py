"""`python -m infra` is the `hookstream` command."""

from infra.cli import main

if __name__ == "__main__":
    main()
