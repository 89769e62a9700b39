import { describe, expect, it } from 'vitest';
import { insertFromFile, statementFacts } from './statement-facts.ts';

describe('statementFacts', () => {
  it.each([
    ['SELECT 1', 'SELECT', undefined],
    ['(SELECT 1) UNION ALL SELECT 2 FORMAT Native', 'SELECT', 'Native'],
    ["SELECT 'FORMAT CSV' FROM t FORMAT JSONEachRow SETTINGS max_threads = 1", 'SELECT', 'JSONEachRow'],
    ["SELECT * FROM format(CSV, '1') AS FORMAT", 'SELECT', undefined],
    ['WITH x AS (SELECT 1) SELECT * FROM x', 'WITH', undefined],
    ['KILL QUERY WHERE 1 ASYNC', 'KILL', undefined],
  ])('reads verb and format of %s', (sql, verb, format) => {
    expect(statementFacts(sql)).toMatchObject({ verb, format, escape: undefined });
  });

  it.each([
    ["SELECT file('/etc/passwd')", 'file'],
    ["SELECT * FROM (SELECT * FROM viewExplain('EXPLAIN', '', (SELECT FILE ('x'))))", 'FILE'],
    ['SELECT * APPLY file FROM t', 'file'],
    ["SELECT COLUMNS('a') APPLY(file) FROM t", 'file'],
    ["SELECT `file`('x')", '`file`'],
    ["SELECT catboostEvaluate('/m', 1)", 'catboostEvaluate'],
    ["SELECT 1 INTO OUTFILE '/tmp/x'", 'OUTFILE'],
    ["INSERT INTO t FROM INFILE '/etc/passwd' FORMAT LineAsString", 'INFILE'],
  ])('finds the way out of the database in %s', (sql, way) => {
    expect(statementFacts(sql).escape).toBe(way);
  });

  it.each(["SELECT file, t.file FROM t AS file WHERE a = 'file(1)'", "SELECT 'it''s file(' AS `INTO OUTFILE`"])(
    'sees none in %s',
    (sql) => {
      expect(statementFacts(sql).escape).toBeUndefined();
    },
  );

  it('knows an INSERT that waits for rows', () => {
    expect(statementFacts('INSERT INTO t (a, b) FORMAT Values').takesRows).toBe(true);
    expect(statementFacts('INSERT INTO t SELECT 1').takesRows).toBe(false);
  });
});

it('puts a file into an INSERT before its settings', () => {
  expect(insertFromFile('INSERT INTO t (FORMAT, a) SETTINGS b = 1 FORMAT CSV', "'/x'")).toBe(
    "INSERT INTO t (FORMAT, a) FROM INFILE '/x' COMPRESSION 'none' SETTINGS b = 1 FORMAT CSV",
  );
});
