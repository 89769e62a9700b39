import { join } from 'node:path';
import { configJsonSchema, configReference } from '@weir/config';
import { errorCatalogue, errorReference } from './error-catalogue.ts';
import { generatedEventFiles } from './generate-events.ts';
import { kafkaTopicsYaml } from './kafka-topics.ts';

/** Path from the repository root to content, for everything that is generated from something else in the repository. */
export async function generatedFiles(root: string): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const [file, content] of generatedEventFiles(root)) files.set(`packages/events/src/generated/${file}`, content);
  files.set('docs/configuration.md', configReference());
  files.set('docs/weir.schema.json', configJsonSchema());
  files.set('docs/errors.md', errorReference(await errorCatalogue(root)));
  files.set('infra/kafka/topics.yaml', kafkaTopicsYaml(join(root, 'infra/kafka')));
  return files;
}
