"""The program: see `command`."""

from resnext_flops.proof.conformance.command import main

if __name__ == "__main__":
    main()
