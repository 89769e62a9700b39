/** Whether a name is one of those allowed. */
export type NameFilter = (name: string) => boolean;

const ALL: NameFilter = () => true;

/** An empty list allows all. */
export function namesIn(allowed: readonly string[]): NameFilter {
  if (allowed.length === 0) return ALL;
  const names = new Set(allowed);
  return (name) => names.has(name);
}

/** As `namesIn`; `*` stands for any text without a slash. */
export function modelsLike(patterns: readonly string[]): NameFilter {
  if (patterns.length === 0) return ALL;
  const tests = patterns.map((pattern) => {
    const parts = pattern.split('*').map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&'));
    return new RegExp(`^${parts.join('[^/]*')}$`);
  });
  return (name) => tests.some((test) => test.test(name));
}
