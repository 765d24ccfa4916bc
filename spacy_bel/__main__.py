"""``python -m spacy_bel``."""

from spacy_bel.cli.app import main

if __name__ == "__main__":
    main()
