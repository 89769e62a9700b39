/** Models of the last seven days whose calls have no price, the most frequent first. */
export const UNPRICED_QUERY = `
  SELECT provider, model, unpriced_reason AS reason, toString(count()) AS calls
  FROM requests
  WHERE cost_usd IS NULL AND notEmpty(cost_lines) AND ts >= now() - INTERVAL 7 DAY
  GROUP BY provider, model, reason ORDER BY count() DESC, provider, model LIMIT 20`;

export interface UnpricedModel {
  readonly provider: string;
  readonly model: string;
  readonly reason: string;
  readonly calls: string;
}

/** One line for each model; none when all have a price. */
export function unpricedLines(models: readonly UnpricedModel[]): string[] {
  return models.map(({ provider, model, reason, calls }) => `${provider} ${model}: ${calls} calls, ${reason}`);
}
