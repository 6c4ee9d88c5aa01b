"""What is true, whichever chat or database: values and rules, from the standard library only."""
