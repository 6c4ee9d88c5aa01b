"""The unit of work: nouns, rows and one transaction around them."""
