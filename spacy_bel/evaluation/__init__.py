"""How good the links are: metrics, the scorer for spaCy, and the report."""
