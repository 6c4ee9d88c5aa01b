"""What holds for every command, source and template, tested before its author writes a test."""
