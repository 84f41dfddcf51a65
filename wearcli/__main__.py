"""`python -m wearcli`, and so `torchrun -m wearcli`."""

from wearcli.cli.app import main

if __name__ == "__main__":
    main()
