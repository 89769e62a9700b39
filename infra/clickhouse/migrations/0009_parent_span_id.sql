-- The caller's span, so that a row can be laid beside its trace. Rows of before have none.
ALTER TABLE {{database}}.requests{{onCluster}} ADD COLUMN IF NOT EXISTS parent_span_id String CODEC(ZSTD(1)) AFTER trace_id;
