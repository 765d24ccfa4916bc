"""Asking a language model over HTTP: each request once, each answer kept, each cost counted."""
