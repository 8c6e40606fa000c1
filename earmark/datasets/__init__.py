"""Tables of clips with a truth, from the store or from a folder."""
