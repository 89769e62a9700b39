import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { errorMessage, WeirError } from '@weir/kernel';

const BYTES_MAX = 512 * 1024 * 1024;

/** The text of a statement; Parquet as a table with a head, read by the engine. @throws WeirError `CLI_FILE_UNREADABLE`. */
export async function readStatementFile(file: string, scratchDirectory: string): Promise<string> {
  const path = resolve(file);
  try {
    const { size } = await stat(path);
    if (size > BYTES_MAX) throw new RangeError(`${size} bytes are too many`);
    if (!path.endsWith('.parquet')) return await readFile(path, 'utf8');
  } catch (cause) {
    throw new WeirError('CLI_FILE_UNREADABLE', `cannot read ${file}: ${errorMessage(cause)}`, { cause });
  }
  const { openChdbWarehouse } = await import('@weir/warehouse/drivers/chdb');
  const engine = await openChdbWarehouse({ directory: scratchDirectory });
  try {
    const literal = `'${path.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
    const options = { format: 'CSVWithNames', settings: { format_csv_null_representation: '' } };
    return (await engine.query(`SELECT * FROM file(${literal}, 'Parquet')`, options)).text();
  } finally {
    await engine.close();
  }
}
