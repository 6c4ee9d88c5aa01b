"""Release: values and rules, from the standard library and lower rooms only."""
