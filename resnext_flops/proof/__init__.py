"""What must hold, and whether it does."""
