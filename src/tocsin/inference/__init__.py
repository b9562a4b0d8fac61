"""Model registry, decoders and sessions."""
