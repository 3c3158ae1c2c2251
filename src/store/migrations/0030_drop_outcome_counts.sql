-- They held what a binary model needs and no more. What replaces them is counted again from the events.
DROP TABLE IF EXISTS outcome_counts
