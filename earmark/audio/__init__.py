"""From a file to its samples: which files are clips, reading, decoding."""
