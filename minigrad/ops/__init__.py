"""The ops, a file per family; each derivative rule stands right under its op."""
