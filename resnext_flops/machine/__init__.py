"""Time and bytes on a real machine."""
