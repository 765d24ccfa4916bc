"""From unannotated text and a teacher's labels to rows that a local student is trained on.

After RPDR (Ai et al. 2025): mentions are mined from text, a dear reranker labels them, the labels
are sifted, and a cheap reranker learns them. Every step reads and writes the rows of
``spacy_bel.examples``.
"""
