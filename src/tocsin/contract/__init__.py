"""What an extension author imports: protocols, shared bodies, checks, examples."""
