"""Sounds and what they are called: features, corpora, learning, and models that run. Imported only where needed."""
