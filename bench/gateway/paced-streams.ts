import { randomUUID } from 'node:crypto';
import { Agent } from 'undici';
import type { Target } from './target.ts';
import { STREAM_FRAMES } from './upstream-shape.ts';

export interface StreamDelays {
  /** From the provider's write of a frame to its arrival here, ms: the first frames, and all. */
  readonly first: readonly number[];
  readonly each: readonly number[];
  readonly lostFrames: number;
}

/** No two are equal: a cache is asked, and has none of them. */
const bodyOf = (): string =>
  `{"model":"gpt-4o-mini","stream":true,"messages":[{"role":"user","content":"${randomUUID()}"}]}`;

/** Opens `count` streams at once and reads every frame of each. */
export async function pacedStreams(target: Target, count: number): Promise<StreamDelays> {
  const { origin, pathname } = new URL(target.url);
  const agent = new Agent({ connections: count, pipelining: 1 });
  const first: number[] = [];
  const each: number[] = [];
  const one = async (): Promise<number> => {
    const { statusCode, body } = await agent.request({
      origin,
      path: pathname,
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer sk-bench', ...target.headers },
      body: bodyOf(),
    });
    if (statusCode !== 200) throw new Error(`${target.name} answered ${statusCode}: ${await body.text()}`);
    let text = '';
    let frames = 0;
    for await (const chunk of body) {
      const now = performance.timeOrigin + performance.now();
      text += (chunk as Buffer).toString('latin1');
      const whole = text.lastIndexOf('\n\n');
      if (whole < 0) continue;
      for (const [, sent] of text.slice(0, whole).matchAll(/"sent":([\d.]+)/g)) {
        if (frames === 0) first.push(now - Number(sent));
        each.push(now - Number(sent));
        frames += 1;
      }
      text = text.slice(whole + 2);
    }
    return frames;
  };
  const frames = await Promise.all(Array.from({ length: count }, one));
  await agent.close();
  return { first, each, lostFrames: frames.reduce((lost, got) => lost + STREAM_FRAMES - got, 0) };
}
