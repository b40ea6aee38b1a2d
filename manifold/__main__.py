"""`python -m manifold`: the command line where its script is not on the path."""

from manifold.cli import main

if __name__ == "__main__":
    main()
