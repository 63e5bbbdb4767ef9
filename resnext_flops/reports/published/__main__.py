"""The program: see the package."""

import sys

from resnext_flops.reports.published.run import main

if __name__ == "__main__":
    main(sys.argv[1:])
