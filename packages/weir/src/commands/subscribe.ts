import { existsSync } from 'node:fs';
import type { EventLog } from '@weir/event-log';
import { type CostAnomalyEvent, createCodec, EVENTS, type EventName, eventOfTopic, eventToJson } from '@weir/events';
import { errorMessage, nearest, WeirError } from '@weir/kernel';
import { openBareLog } from '../open-log.ts';
import { processTelemetry } from '../processes/process-telemetry.ts';
import type { Settings } from '../settings.ts';
import type { Command, CommandInput } from './command.ts';

export const subscribe: Command = {
  name: 'subscribe',
  usage: '<topic>',
  summary: 'Print the events of a topic as JSON lines, as they come.',
  options: {
    from: { value: 'where', help: '`latest` (default) or `earliest`' },
    limit: { value: 'count', help: 'stop after so many events' },
    text: { help: 'cost-anomalies: the sentence of each instead of JSON' },
  },
  examples: ['npm start -- subscribe cost-anomalies --text', 'npm start -- subscribe costs --from earliest --limit 10'],
  run: runSubscribe,
};

async function runSubscribe(input: CommandInput): Promise<number> {
  const name = topicEvent(input.positionals[0] ?? '');
  const codec = createCodec(name);
  const limit = Number(input.options['limit'] ?? Number.POSITIVE_INFINITY);
  if (Number.isNaN(limit) || limit < 1) {
    throw new WeirError('CLI_USAGE', `--limit is "${String(input.options['limit'])}"`, { fix: 'Give a whole number.' });
  }
  let printed = 0;
  await tailTopic(input, EVENTS[name].topic, (value) => {
    try {
      const event = codec.decode(value);
      input.out(input.options['text'] === true && 'message' in event ? sentenceOf(event) : eventToJson(event));
    } catch (error) {
      input.err(`a record could not be read: ${errorMessage(error)}`);
    }
    printed += 1;
    return printed < limit;
  });
  return 0;
}

/** When, how bad, and what, in one line. */
function sentenceOf({ detected_at, severity, status, message }: CostAnomalyEvent): string {
  return `${new Date(detected_at).toISOString()} [${status === 'resolved' ? status : severity}] ${message}`;
}

/** Calls `visit` with each record of a topic until it returns false or the signal aborts. */
export async function tailTopic(
  input: CommandInput,
  topic: string,
  visit: (value: Uint8Array) => boolean,
): Promise<void> {
  const from = input.options['from'] ?? 'latest';
  if (from !== 'latest' && from !== 'earliest') {
    throw new WeirError('CLI_USAGE', `--from is "${String(from)}"`, { fix: 'Use latest or earliest.' });
  }
  const log = await openExistingLog(input.settings);
  const ending = new AbortController();
  const signal = AbortSignal.any([input.signal, ending.signal]);
  try {
    for await (const record of log.tail(topic, { from, signal })) {
      if (visit(record.value)) continue;
      ending.abort();
      break;
    }
  } finally {
    await log.close();
  }
}

/** Opens the log of this installation to look at it. @throws WeirError `CLI_NOT_RUNNING` when there is none yet. */
export async function openExistingLog(settings: Settings): Promise<EventLog> {
  const { log } = settings;
  if (log.kind === 'embedded' && !existsSync(log.directory)) {
    throw new WeirError('CLI_NOT_RUNNING', `there is no log at ${log.directory}`, {
      fix: 'Start Weir here with `npm start`, or name its weir.yaml with --config.',
    });
  }
  return openBareLog(settings, processTelemetry('weir', settings.config).logger);
}

function topicEvent(text: string): EventName {
  const name = eventOfTopic(text) ?? eventOfTopic(`weir.${text}`) ?? eventOfTopic(`weir.${text}s`);
  if (name !== undefined) return name;
  const topics = Object.values(EVENTS).map(({ topic }) => topic.replace('weir.', ''));
  const near = nearest(text, topics);
  throw new WeirError('CLI_UNKNOWN_TOPIC', `no topic "${text}"; there are ${topics.join(', ')}`, {
    fix: near === undefined ? `Try: weir subscribe ${topics[1]}` : `Did you mean "${near}"?`,
  });
}
