-- How long a body is, so that it need not be read to know.
ALTER TABLE halves ADD COLUMN IF NOT EXISTS bytes UInt32 DEFAULT length(body) AFTER body
