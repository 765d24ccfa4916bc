"""The components, and the factories by which spaCy makes them."""
