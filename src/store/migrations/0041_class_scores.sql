-- Of several classes: rows by what was predicted and the score of each class, at the places of `model/class-scores.ts`.
ALTER TABLE outcome_counts ADD COLUMN IF NOT EXISTS class_scores Map(UInt16, UInt64)
