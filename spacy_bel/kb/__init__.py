"""Knowledge bases: vocabularies made ready for linking.

Readers turn files into concepts, ``build`` merges them into a directory, ``Store`` opens it.
"""
