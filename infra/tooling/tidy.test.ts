/** The house rules that can be read off the source: sizes, names, dead files, dead exports. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
const FILE_LINES_MAX = 500;
const FUNCTION_LINES_MAX = 70;
const FOLDER_FILES_MAX = 16;
/** One file for each command: a list to look things up in, not to read through. */
const LISTS: ReadonlySet<string> = new Set(['packages/weir/src/commands']);

const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
});
const files = listed.split('\n').filter((file) => file !== '' && existsSync(join(root, file)));
const sources = files.filter((file) => /\.(ts|mjs|js)$/.test(file) && !file.includes('/generated/'));
const read = (file: string): string => readFileSync(join(root, file), 'utf8');
/** Contract suites in `src/testing/` are tests that drivers run. */
const isTest = (file: string): boolean => /\.test\.(ts|js)$|\/src\/testing\//.test(file);

/** Lines of every named or assigned function of a file; a `describe` or `it` callback is not one. */
function longFunctions(file: string): string[] {
  const source = ts.createSourceFile(file, read(file), ts.ScriptTarget.Latest, true);
  const found: string[] = [];
  const lineOf = (position: number): number => source.getLineAndCharacterOfPosition(position).line;
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) && 'body' in node && node.body !== undefined) {
      const lines = lineOf(node.end) - lineOf(node.getStart(source)) + 1;
      const inTest = ts.isCallExpression(node.parent) && /^(describe|it)/.test(node.parent.expression.getText(source));
      if (lines > FUNCTION_LINES_MAX && !inTest) found.push(`${file}:${lineOf(node.pos) + 1}: ${lines} lines`);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

describe('tidy', () => {
  it(`no source file is longer than ${FILE_LINES_MAX} lines`, () => {
    const long = sources.map((file) => [file, read(file).split('\n').length] as const);
    expect(long.filter(([, lines]) => lines > FILE_LINES_MAX)).toEqual([]);
  });

  it(`no function is longer than ${FUNCTION_LINES_MAX} lines`, () => {
    expect(sources.filter((file) => !isTest(file)).flatMap(longFunctions)).toEqual([]);
  });

  it(`no folder holds more than ${FOLDER_FILES_MAX} sources beside their tests`, () => {
    const counts = new Map<string, number>();
    for (const file of sources.filter((name) => !isTest(name))) {
      const folder = file.slice(0, Math.max(0, file.lastIndexOf('/')));
      counts.set(folder, (counts.get(folder) ?? 0) + 1);
    }
    expect([...counts].filter(([folder, count]) => count > FOLDER_FILES_MAX && !LISTS.has(folder))).toEqual([]);
  });

  it('every file name is kebab-case', () => {
    const wrong = sources.filter((file) => !/^\.?[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9-]+)*$/.test(basename(file)));
    expect(wrong).toEqual([]);
  });

  it('every source is reached from a package entry, a test or a command', () => {
    const entries = files
      .filter((file) => /(package\.json|\.ci\/run|Dockerfile|vitest\.config\.ts|\.html)$/.test(file))
      .map(read);
    const texts = sources.map((file) => [file, read(file)] as const);
    const dead = sources.filter((file) => {
      if (isTest(file) || /(^|\/)(index\.ts|vitest\.config\.ts|\.dependency-cruiser\.mjs)$/.test(file)) return false;
      if (/^(bench|test)\//.test(file)) return false;
      const name = basename(file);
      const used = texts.some(
        ([other, text]) =>
          (other !== file && text.includes(`/${name}'`)) || (other !== file && text.includes(`'${name}'`)),
      );
      return !used && !entries.some((text) => text.includes(name));
    });
    expect(dead).toEqual([]);
  });

  it.each(['docs/invariants.md', 'docs/compatibility.md'])('%s says each thing once, of files that exist', (file) => {
    const rows = read(file).match(/^\| [^|]+\|.*$/gm) ?? [];
    const names = rows.map((row) => (row.split('|')[1] ?? '').trim());
    expect(names.length).toBeGreaterThan(9);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
    const named = rows.flatMap((row) => row.match(/`(?:services|packages|test|infra|bench)\/[^`\s]+`/g) ?? []);
    expect(named.map((path) => path.slice(1, -1)).filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  it('nothing is left for later in a comment', () => {
    const marked = sources.filter(
      (file) => !file.endsWith('tidy.test.ts') && /\b(TODO|FIXME|XXX|HACK)\b/.test(read(file)),
    );
    expect(marked).toEqual([]);
  });
});
