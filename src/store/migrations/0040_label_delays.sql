-- Labelled rows by how long their label took, in the bins of `model/label-delays.ts`: first those that turned
-- out positive, or right, or were of a number, then the others.
ALTER TABLE outcome_counts ADD COLUMN IF NOT EXISTS delays Map(UInt16, UInt64), ADD COLUMN IF NOT EXISTS other_delays Map(UInt16, UInt64)
