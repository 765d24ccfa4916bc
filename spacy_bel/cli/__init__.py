"""The commands of ``python -m spacy_bel``, one module each."""
