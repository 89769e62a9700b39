/** The charges of FOCUS 1.2 as the view `focus` gives them (infra/clickhouse/migrations), corrections among them. */
export const FOCUS_SELECT = `SELECT * EXCEPT (x_EnteredAt) FROM weir.focus
WHERE ChargePeriodStart >= {from:DateTime64(3, 'UTC')} AND ChargePeriodStart < {to:DateTime64(3, 'UTC')}
  AND x_EnteredAt <= {snapshot:DateTime64(3, 'UTC')}`;
