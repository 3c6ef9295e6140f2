"""What deploy/ describes, checked where no engine runs: by schemas, linters, and the programs' own parsers."""
