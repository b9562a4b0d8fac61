"""Flow records of other tools as Zeek-shaped rows of log conn: Argus (binetflow) and nfdump."""
