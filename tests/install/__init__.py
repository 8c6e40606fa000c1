"""What is installed starts: the wheel alone and each image's lock, outside of the checkout."""
