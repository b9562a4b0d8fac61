"""The context: map, zones, sensors, assets and who is near, each with its validity."""
