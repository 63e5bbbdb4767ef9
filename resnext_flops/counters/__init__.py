"""What counts a real `nn.Module`."""
