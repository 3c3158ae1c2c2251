-- Whether the label of the row has followed to the one that goes before it, and what both change is marked.
ALTER TABLE superseded ADD COLUMN IF NOT EXISTS settled UInt8 DEFAULT 1
