"""`python -m resnext_flops` is the command line."""

from resnext_flops.cli import main

if __name__ == "__main__":
    main(prog_name="resnext-flops")
