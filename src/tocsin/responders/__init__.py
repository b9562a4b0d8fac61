"""From Incidents to Proposals, from approved Actions to deliveries: one file per responder."""
