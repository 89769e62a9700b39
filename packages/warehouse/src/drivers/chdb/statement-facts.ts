/** What a statement is, read from the engine's own normal form of it (`formatQuerySingleLine`), never from raw text. */
export interface StatementFacts {
  readonly normalised: string;
  /** SELECT, INSERT, … in capitals. */
  readonly verb: string;
  /** The format that the statement itself names, if any. */
  readonly format: string | undefined;
  /** True for an INSERT that waits for rows: `INSERT INTO t (a) FORMAT JSONEachRow`. */
  readonly takesRows: boolean;
  /** The first thing that reaches outside the database, or undefined. */
  readonly escape: string | undefined;
}

const TOKEN = /'(?:[^'\\]|\\.|'')*'|`(?:[^`\\]|\\.|``)*`|"(?:[^"\\]|\\.|"")*"|\w+|\S/gs;
/**
 * Functions that open files of this machine with no grant to refuse them in the embedded engine; everything else that
 * leaves the database needs a grant the role has not.
 */
const OUTSIDE = new Set(['file', 'catboostevaluate']);

/** `normalised` has one statement, no comments, and its functions by name. */
export function statementFacts(normalised: string): StatementFacts {
  const tokens: readonly string[] = normalised.match(TOKEN) ?? [];
  const verb = (tokens.find((token) => token !== '(') ?? '').toUpperCase();
  const format = trailingFormat(tokens);
  const takesRows = verb === 'INSERT' && format !== undefined && !tokens.includes('SELECT');
  return { normalised, verb, format, takesRows, escape: tokens.find((_token, index) => escapes(tokens, index)) };
}

function escapes(tokens: readonly string[], index: number): boolean {
  const name = unquoted(tokens[index] ?? '').toLowerCase();
  const before = (tokens[index - 1] ?? '').toUpperCase();
  if (name === 'outfile') return before === 'INTO';
  if (name === 'infile') return before === 'FROM';
  if (!OUTSIDE.has(name)) return false;
  const called = tokens[index + 1] === '(';
  const applied = before === 'APPLY' || (before === '(' && (tokens[index - 2] ?? '').toUpperCase() === 'APPLY');
  return called || applied;
}

/** Where an INSERT's own text ends: the rows of `path` come before its SETTINGS and FORMAT. */
export function insertFromFile(normalised: string, pathLiteral: string): string {
  let depth = 0;
  for (const match of normalised.matchAll(TOKEN)) {
    const [token] = match;
    if (token === '(') depth += 1;
    if (token === ')') depth -= 1;
    if (depth !== 0 || (token !== 'SETTINGS' && token !== 'FORMAT')) continue;
    const [head, tail] = [normalised.slice(0, match.index), normalised.slice(match.index)];
    return `${head}FROM INFILE ${pathLiteral} COMPRESSION 'none' ${tail}`;
  }
  return normalised;
}

/** FORMAT is followed by nothing but SETTINGS, and stands outside all brackets. */
function trailingFormat(tokens: readonly string[]): string | undefined {
  let depth = 0;
  for (const [index, token] of tokens.entries()) {
    if (token === '(') depth += 1;
    if (token === ')') depth -= 1;
    if (depth !== 0 || token !== 'FORMAT') continue;
    const after = tokens[index + 2];
    if (after === undefined || after === 'SETTINGS') return tokens[index + 1];
  }
  return undefined;
}

const unquoted = (token: string): string => (/^[`"]/.test(token) ? token.slice(1, -1) : token);
