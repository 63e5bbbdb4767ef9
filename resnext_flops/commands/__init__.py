"""The commands, one file each: parse, call, print. Each file is loaded when its command is asked for."""
