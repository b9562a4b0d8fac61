"""The gate at both ends of the flow: nothing is observed without a clearance, nothing done without an approval."""
