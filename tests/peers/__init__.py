"""Our rules held against other linters: run by hand, where such a linter is installed."""
