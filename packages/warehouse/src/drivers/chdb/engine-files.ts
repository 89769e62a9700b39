import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface EngineFiles {
  /** The engine's own directory. */
  readonly data: string;
  /** Inserts and results that pass through a file; emptied at start. */
  readonly temporary: string;
  readonly config: string;
}

export interface EngineLimits {
  /** Bytes the whole engine may use. */
  readonly memoryBytes: number;
  /** Bytes of the mark cache. */
  readonly markCacheBytes: number;
}

/** Lays out `<directory>/{engine,tmp,config}`. Call after the directory is known to be ours. */
export async function layOutEngineFiles(
  directory: string,
  database: string,
  limits: EngineLimits,
): Promise<EngineFiles> {
  const config = join(directory, 'config');
  await Promise.all([config, join(directory, 'engine')].map((path) => mkdir(path, { recursive: true })));
  await writeFile(join(config, 'config.xml'), configXml(limits, join(config, 'users.xml')));
  await writeFile(join(config, 'users.xml'), usersXml(database));
  return { data: join(directory, 'engine'), temporary: join(directory, 'tmp'), config: join(config, 'config.xml') };
}

/** Removes what a killed process left behind. Only the holder of the directory may call it. */
export async function emptyTemporary(files: EngineFiles): Promise<void> {
  await rm(files.temporary, { recursive: true, force: true });
  await mkdir(files.temporary, { recursive: true });
}

/** No system logs: without tables for them the engine writes none. Few background threads: it shares the machine. */
function configXml(limits: EngineLimits, usersFile: string): string {
  return `<clickhouse>
  <users_config>${usersFile}</users_config>
  <max_server_memory_usage>${limits.memoryBytes}</max_server_memory_usage>
  <mark_cache_size>${limits.markCacheBytes}</mark_cache_size>
  <uncompressed_cache_size>0</uncompressed_cache_size>
  <background_pool_size>2</background_pool_size>
  <background_schedule_pool_size>4</background_schedule_pool_size>
</clickhouse>
`;
}

/** The embedded user holds nothing but roles; each session takes one (session-prelude.ts). */
function usersXml(database: string): string {
  const own = `${database}.*`;
  return `<clickhouse>
  <profiles><default></default></profiles>
  <quotas><default></default></quotas>
  <roles>
    <weir_owner><grants><query>GRANT ALL ON *.*</query></grants></weir_owner>
    <weir_writer><grants>
      <query>GRANT SELECT, SHOW, INSERT, ALTER, TRUNCATE, OPTIMIZE ON ${own}</query>
      <query>GRANT CREATE DATABASE, CREATE TABLE, CREATE VIEW, DROP TABLE, DROP VIEW ON ${own}</query>
    </grants></weir_writer>
    <weir_reader><grants>
      <query>GRANT SELECT, SHOW ON ${own}</query>
      <query>GRANT SHOW ON system.*</query>
      <query>GRANT SHOW ON information_schema.*</query>
    </grants></weir_reader>
  </roles>
  <users>
    <default>
      <password></password>
      <networks><ip>::1</ip><ip>127.0.0.1</ip></networks>
      <profile>default</profile>
      <quota>default</quota>
      <grants><query>GRANT weir_owner, weir_writer, weir_reader</query></grants>
    </default>
  </users>
</clickhouse>
`;
}
