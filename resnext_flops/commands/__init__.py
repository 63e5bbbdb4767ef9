"""The commands, one file each: parse, call, print. Each file is loaded when its command is asked for.

`options` has the options that several commands share, and the form and file that they print to; `progress` has the
progress bars and the proofs under them. A command imports what it needs when it runs, so that `--help` is quick. The
room may use every other room, and computes nothing itself.
"""
