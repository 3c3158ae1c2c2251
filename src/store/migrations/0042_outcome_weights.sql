-- What weights add to counts that take every row for one: Σ(w - 1) and Σ(w² - 1) by cell, by place of a histogram and by place
-- of a class's score, and Σ(w - 1)x by place of a sum, in units of 2^-40. Empty where every weight is 1.
ALTER TABLE outcome_counts
    ADD COLUMN IF NOT EXISTS cell_weights Map(String, Int128),
    ADD COLUMN IF NOT EXISTS cell_squares Map(String, Int128),
    ADD COLUMN IF NOT EXISTS bin_weights Map(UInt32, Int128),
    ADD COLUMN IF NOT EXISTS bin_squares Map(UInt32, Int128),
    ADD COLUMN IF NOT EXISTS sum_weights Map(UInt32, Int128),
    ADD COLUMN IF NOT EXISTS class_score_weights Map(UInt16, Int128),
    ADD COLUMN IF NOT EXISTS class_score_squares Map(UInt16, Int128)
