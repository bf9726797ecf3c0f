"""Functions made of other ops, without derivative rules of their own."""
