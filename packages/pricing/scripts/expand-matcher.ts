import type { MatchLogic } from '@pydantic/genai-prices';
import type { DraftModel } from './draft-book.ts';

const DATED_REGEX = /^\^(.+?)-(?:\\d\{8\}|\\d\{4\}-\\d\{2\}-\\d\{2\})\$$/;
/** Vendors with a `-latest` name for each family. */
const LATEST = new Set(['anthropic', 'google', 'mistral']);
const GOOGLE_SUFFIX =
  '(?:\\d{3}|latest|preview|exp|(?:preview|exp)-\\d{2}-(?:\\d{2}|\\d{4})|exp-\\d{4}|thinking-exp(?:-\\d{2}-\\d{2}|-\\d{4})?)';

/**
 * Turns the source's loose rules (contains, starts_with) into exact names, date suffixes and anchored patterns: a name
 * that merely begins like a known one must stay unknown.
 */
export function expandMatcher(model: DraftModel, logic: MatchLogic): void {
  for (const atom of atomsOf(logic)) {
    if ('equals' in atom) model.aliases.add(atom.equals.toLowerCase());
    else if ('regex' in atom) expandRegex(model, atom.regex);
    else expandLoose(model, looseText(atom).toLowerCase());
  }
}

type Atom = Exclude<MatchLogic, { or: MatchLogic[] } | { and: MatchLogic[] }>;

function atomsOf(logic: MatchLogic): Atom[] {
  if ('or' in logic) return logic.or.flatMap(atomsOf);
  // A conjunction narrows one positive rule; the exact names made from that rule are narrower still.
  if ('and' in logic) return logic.and.flatMap(atomsOf).filter((atom) => !('regex' in atom));
  return [logic];
}

function looseText(atom: Exclude<Atom, { equals: string } | { regex: string }>): string {
  if ('starts_with' in atom) return atom.starts_with;
  if ('ends_with' in atom) return atom.ends_with;
  return atom.contains;
}

function expandRegex(model: DraftModel, source: string): void {
  const base = DATED_REGEX.exec(source)?.[1];
  if (base !== undefined) {
    model.aliases.add(base.replaceAll('\\', '').toLowerCase());
    model.dates = true;
  } else if (source.startsWith('^') && source.endsWith('$') && !source.includes('(?')) {
    model.patterns.add(source.toLowerCase());
  }
}

function expandLoose(model: DraftModel, text: string): void {
  // `claude-sonnet-4-2025` and `gpt-4o-2024-` stand for dated names; the date rule covers them.
  const name = text.replace(/-20\d{2}-?$/, '').replace(/[-@.]$/, '');
  if (model.provider === 'bedrock') {
    expandBedrock(model, name);
    return;
  }
  model.aliases.add(name);
  if (LATEST.has(model.provider)) model.aliases.add(`${name}-latest`);
  model.dates = true;
  const literal = name.replaceAll(/[.[\]()+*?^$|\\]/g, '\\$&');
  if (model.provider === 'google') model.patterns.add(`^${literal.replace(/-preview$/, '')}-${GOOGLE_SUFFIX}$`);
  if (model.provider === 'mistral') model.patterns.add(`^${literal}-\\d{4}$`);
}

/** Bedrock ids carry a date, a version `-v1:0` and perhaps a context size `:28k`; older logs cut the version off. */
function expandBedrock(model: DraftModel, name: string): void {
  const bare = name
    .replace(/^(?:regional|global|us|eu|jp|au|in|apac|us-gov)\./, '')
    .replace(/^anthropic\./, '')
    .replace(/-v\d+$/, '');
  const literal = bare.replaceAll('.', '\\.');
  if (/^claude-/.test(bare)) {
    model.patterns.add(`^(?:anthropic\\.)?${literal}(?:-20\\d{6})?(?:-v\\d+(?::\\d+)?(?::\\d+k)?)?$`);
  } else if (/^titan-/.test(bare.replace(/^amazon\./, ''))) {
    model.aliases.add(model.id.replace(/:\d+$/, ''));
  } else {
    model.aliases.add(bare);
    model.patterns.add(`^${literal}(?:-v\\d+)?(?::\\d+)?(?::\\d+k)?$`);
  }
}
