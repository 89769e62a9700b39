/** Error codes of the event log; every driver throws a `WeirError` with one of these. */
export const EVENT_LOG_ERRORS = {
  LOG_FULL:
    'The topic reached its byte limit and nothing may be removed yet. Retry later; check why the protected consumer groups lag, or raise maxBytes.',
  LOG_DISK_FULL:
    'The disk (or its quota) has no room for the log. Free space; appending works again without a restart.',
  LOG_FENCED:
    'The partition was given to another member of the group. Discard what is not committed and return from onAssigned.',
  LOG_UNKNOWN_TOPIC: 'The topic does not exist. Create it with ensureTopics before using it.',
  LOG_INVALID_TOPIC: 'The topic specification is not valid. The message names the field and the allowed values.',
  LOG_INVALID_PARTITION: 'The record names a partition that the topic does not have. Leave it out, or add partitions.',
  LOG_INVALID_GROUP: 'The name of a consumer group is empty or longer than 200 bytes. Choose a shorter one.',
  LOG_RECORD_TOO_LARGE: 'One record is larger than the limit of the log. Shorten it, or raise the limit.',
  LOG_METADATA_TOO_LARGE: 'Commit metadata is limited to 4,096 bytes of UTF-8. Store a reference instead.',
  LOG_CLOSED: 'The log was closed. Open it again before using it.',
  LOG_CORRUPT:
    'Stored bytes do not match their checksum. The disk or another program damaged the file named in the message; restore that file, or move it away to skip its records.',
  LOG_OPEN_FAILED: 'The log could not be opened. Check that the directory is on a local disk and may be written.',
  LOG_INVALID_OPTIONS:
    'The settings of the Kafka connection are not valid. The message names what is wrong; write brokers as host:port.',
  LOG_UNAVAILABLE:
    'The brokers cannot be reached or did not answer in time; nothing of the call was stored. Retry later; check that they run, the network, and whether they expect TLS.',
  LOG_UNCONFIRMED:
    'The answer to an append was lost: some of its records may be stored, each at most once. Append them again, marked so that readers can tell a repetition.',
  LOG_AUTH_FAILED:
    'The brokers refuse the credentials. Check the SASL mechanism, the user name, the password or token.',
  LOG_TLS_FAILED:
    'The TLS connection to a broker failed. Check the certificate authority, the host names in the certificates, and that the listener speaks TLS.',
  LOG_ACCESS_DENIED: 'The user may not do this. Give it the ACL that the message names (topic, group or cluster).',
  LOG_REFUSED: 'The brokers refuse the records as they are; nothing of them was stored. The message has the reason.',
  LOG_UNSUPPORTED:
    'The cluster speaks a protocol or a compression that this driver does not. Use Kafka 2.4 or newer, and zstd, gzip or no compression.',
  LOG_OFFSET_LOST:
    'A partition ends before the offset that a group reads next: the cluster lost records, or the topic was made anew. Find out why, then reset the offsets of the group.',
  LOG_STALLED:
    'A reader got nothing for a long time although there was more. The group member starts anew by itself; look at the brokers if this comes again.',
} as const;
