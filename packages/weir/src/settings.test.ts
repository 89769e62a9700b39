import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tempDirectory } from '@weir/testkit';
import { expect, it } from 'vitest';
import { ensureDirectory, loadSettings } from './settings.ts';

it('makes directories absolute beside the file, and refuses unknown drivers', async () => {
  const directory = await tempDirectory();
  const file = join(directory.value, 'weir.yaml');
  writeFileSync(file, 'log:\n  url: embedded:./events\nwarehouse:\n  url: http://ch:8123\n');
  expect(loadSettings(file)).toMatchObject({
    log: { kind: 'embedded', directory: join(directory.value, 'events') },
    runDirectory: join(directory.value, 'run'),
    warehouseDirectory: undefined,
  });
  writeFileSync(file, 'log:\n  url: kafka://one:9092,two\n  spool: ./kept\n');
  expect(loadSettings(file)).toMatchObject({
    log: { kind: 'kafka', url: 'kafka://one:9092,two', spoolDirectory: join(directory.value, 'kept') },
  });
  writeFileSync(file, 'log:\n  url: rabbit://x\n');
  expect(() => loadSettings(file)).toThrowError(
    expect.objectContaining({ code: 'CLI_URL_UNSUPPORTED', message: expect.stringContaining('rabbit://x') }),
  );
  expect(() => ensureDirectory(join(file, 'below-a-file'))).toThrowError(
    expect.objectContaining({ code: 'CLI_DIRECTORY' }),
  );
  await directory.stop();
});
