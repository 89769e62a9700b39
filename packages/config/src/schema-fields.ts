import { Type } from 'typebox';

/** What every section of weir.yaml is built from. */
export const closed = { additionalProperties: false } as const;

export const MEBIBYTE = 1024 * 1024;

/** Names that the owner gives: gateways, budgets, tokens. */
export const NAME = '^[A-Za-z0-9_-]{1,64}$';
/** Provider slugs. */
export const SLUG = '^[a-z0-9][a-z0-9-]{0,63}$';

export const integer = (description: string, fallback: number, minimum = 0, maximum = Number.MAX_SAFE_INTEGER) =>
  Type.Integer({ description, default: fallback, minimum, maximum });
export const text = (description: string, fallback: string) => Type.String({ description, default: fallback });
export const flag = (description: string, fallback: boolean) => Type.Boolean({ description, default: fallback });
/** A value that is printed as [redacted]. */
export const secret = (description: string) => Type.String({ description, default: '', secret: true });
export const port = (description: string, fallback: number) => integer(description, fallback, 0, 65_535);
