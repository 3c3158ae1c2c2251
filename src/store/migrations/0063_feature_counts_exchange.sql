-- At once, and not by dropping one: a second program that is at this step while the first is done finds nothing to exchange, and stops.
EXCHANGE TABLES feature_counts AND feature_counts_fine
