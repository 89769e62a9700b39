-- Who called: the gateway token's name. Rows of before have none.
ALTER TABLE {{database}}.requests{{onCluster}} ADD COLUMN IF NOT EXISTS token_id LowCardinality(String) AFTER api_key_id;
