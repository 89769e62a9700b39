import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { prettyJson } from './pretty-json.js';
import { sqlCommand } from './sql-command.js';

/** The text less the white space outside of strings. @param {string} text */
function tokens(text) {
  return (text.match(/"(?:[^"\\]|\\.)*"|\S/g) ?? []).join('');
}

describe('prettyJson', () => {
  it('changes white space only', () => {
    fc.assert(
      fc.property(fc.json(), (json) => {
        expect(JSON.parse(prettyJson(json))).toEqual(JSON.parse(json));
        expect(tokens(prettyJson(json))).toBe(tokens(json));
      }),
    );
  });

  it('keeps digits that a number would lose, and text that is not JSON', () => {
    expect(prettyJson('{"cost":0.10000000000000000001,"n":[]}')).toBe(
      '{\n  "cost": 0.10000000000000000001,\n  "n": []\n}',
    );
    expect(prettyJson('data: {"a":1}\n\ndata: [DONE]')).toBe('data: {"a":1}\n\ndata: [DONE]');
  });
});

describe('sqlCommand', () => {
  it('quotes for the shell and for ClickHouse', () => {
    expect(sqlCommand('http://h:8123/', { sql: "SELECT 'a'", params: { x: 'ü&1\\' } })).toBe(
      "curl 'http://h:8123/?param_x=%C3%BC%261%5C%5C' --data-binary 'SELECT '\\''a'\\'''",
    );
  });
});
