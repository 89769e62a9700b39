/** Every code this service throws or writes into a dead letter, with what it means and what to do. */
export const ANOMALY_ERRORS = {
  BUDGET_LOG_CORRUPT:
    'A record of weir.budget-log cannot be read: another program wrote to it, or a newer version did. Upgrade, or restore the log.',
  BUDGET_SNAPSHOT_LOST:
    'The snapshot that the budgets were to go on from is not in weir.budget-log any more. Restore the log, or reset the group weir-budget-book to count from what is left.',
  ANOMALY_LOG_CORRUPT:
    'A record of weir.anomaly-log cannot be read: another program wrote to it, or a newer version did. Upgrade, or restore the log.',
  ANOMALY_SNAPSHOT_LOST:
    'The snapshot that anomaly detection was to go on from is not in weir.anomaly-log any more, or is damaged. Restore the log, or reset the group weir-anomaly-detector: detection then learns from the warehouse.',
  ANOMALY_TIME_ZONE: 'anomalies.time_zone or anomalies.time_zones names no time zone. Write one such as Europe/Berlin.',
  WEBHOOK_INVALID: 'A webhook of weir.yaml lacks what its format needs. The message names the field.',
  WEBHOOK_FAILED:
    'A webhook could not be reached, or answered with a passing error, at every try. See its dead letter.',
  WEBHOOK_REFUSED:
    'A webhook answered that it does not take the event (a redirect or a 4xx status). Correct webhooks.<name>.url or the receiver.',
} as const;
