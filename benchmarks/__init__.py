"""Measurements of spacy_bel: quality, speed beside its peers, and the effect of each step."""
