"""``python -m handbook``: the command line."""

from handbook.cli import main

if __name__ == "__main__":
    main()
