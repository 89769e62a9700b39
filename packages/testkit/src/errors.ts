/** Every code this package throws, with what it means and what to do. */
export const TESTKIT_ERRORS = {
  TESTKIT_TIMEOUT: 'A condition that a test waits for did not become true in time. The message names the condition.',
  TESTKIT_PROCESS_ENDED: 'A spawned process ended before it printed the awaited line. Its last output is in details.',
  TESTKIT_ENTRY_UNKNOWN: 'A recorded entry id is not in INDEX.json. The message names the nearest known id.',
  TESTKIT_INDEX_INVALID: 'INDEX.json of the recorded bodies has no list of entries. Check the directory.',
  TESTKIT_FAULT_SYNTAX: 'A fault header cannot be read. Write it like "status=429; retry-after=2".',
  TESTKIT_KAFKA_DOWNLOAD: 'Maven could not fetch Apache Kafka. Its output is in details; check the network.',
  TESTKIT_KAFKA_MISSING:
    'The tests against a real Kafka cannot run here. Install Java 17 and Maven, or Docker, or name a broker in WEIR_KAFKA.',
  TESTKIT_REDIS_MISSING:
    'The tests against a real Redis cannot run here. Install redis-server (Debian: apt-get install redis-server).',
  TESTKIT_S3_MISSING: 'The S3 server for tests cannot be built or started. Install Go, or see the message.',
} as const;
