import type { IngressConfig } from '../config.ts';
import type { UploadBody } from '../exchange/request-body.ts';
import type { Call } from '../ledger/call-record.ts';
import type { IngressDependencies } from '../ports.ts';
import { AskedBody } from '../usage/asked-body.ts';
import type { Refusal } from '../wire/refusal.ts';
import type { ResponseHead } from '../wire/response-headers.ts';
import type { CallStep } from './call-step.ts';
import { type AttemptResult, type NextAttempt, nextAttempt } from './next-attempt.ts';
import { isRetriedAnswer } from './retry-policy.ts';

/** Reads the steps of a call where they stand in its body. */
export type ReadSteps = (body: Buffer) => readonly CallStep[] | { readonly refusal: Refusal };

interface PlanContext {
  readonly config: IngressConfig;
  readonly dependencies: Pick<IngressDependencies, 'clock' | 'random' | 'uuid'>;
}

/** What a call asks, of whom and in which order: its steps, what each of them sends, and which attempt follows which. */
export class CallPlan {
  readonly #context: PlanContext;
  readonly #read: ReadSteps | undefined;
  #steps: readonly CallStep[];
  #body: UploadBody = null;
  #askedBody: AskedBody | undefined;

  constructor(context: PlanContext, steps: readonly CallStep[] | ReadSteps) {
    this.#context = context;
    this.#read = typeof steps === 'function' ? steps : undefined;
    this.#steps = typeof steps === 'function' ? [] : steps;
  }

  /** Up to which size the request is to be known whole before any of it is sent; 0 sends it on as it comes. */
  get keptBytesMax(): number {
    const { config } = this.#context;
    if (this.#gateNeedsBody) return config.requestBodyBytesMax;
    const [first] = this.#steps;
    const kept = this.#read !== undefined || first?.addsUsage === true || this.mayRepeat || first?.cache !== undefined;
    return kept ? config.keptBodyBytesMax : 0;
  }

  /** True when the plan could need the request more than once. */
  get mayRepeat(): boolean {
    return this.#steps.length > 1 || (this.#steps[0]?.retry.maxAttempts ?? 1) > 1;
  }

  /** False for a body that is sent as it comes. */
  get repeatable(): boolean {
    return this.#body === null || Buffer.isBuffer(this.#body);
  }

  /** Takes the request's body; the refusal when its steps cannot be read, or a policy cannot see it. */
  take(body: UploadBody): Refusal | undefined {
    this.#body = body;
    if (this.#read !== undefined) {
      if (body !== null && !Buffer.isBuffer(body)) return { code: 'INGRESS_BODY_TOO_LARGE', detail: '' };
      const read = this.#read(body ?? EMPTY);
      if ('refusal' in read) return read.refusal;
      this.#steps = read;
    }
    const missing = this.#gateNeedsBody && !this.repeatable;
    return missing ? { code: 'INGRESS_OVERLOADED', detail: 'There is no room for the request body.' } : undefined;
  }

  step(index: number): CallStep | undefined {
    return this.#steps[index];
  }

  /** What a step is asked, before Weir's own additions; undefined when that is not known whole. */
  wholeBody(step: CallStep): Buffer | null | undefined {
    const body = step.body ?? this.#body;
    return body === null || Buffer.isBuffer(body) ? body : undefined;
  }

  /** True: what the step sends asks for the usage of a stream, and its client did not. */
  asksUsage(step: CallStep): boolean {
    return this.#usageBody(step) !== undefined;
  }

  sentBody(step: CallStep): UploadBody {
    return this.#usageBody(step) ?? step.body ?? this.#body;
  }

  /** From dispatch to the head of the answer; undefined leaves it at the limit of the configuration. */
  timeoutMs(step: CallStep, next: NextAttempt): number | undefined {
    // The last of several attempts waits for its answer as long as the configuration lets it (reference: §5.2).
    const unhurried = step.retry.maxAttempts > 1 && next.attempt === step.retry.maxAttempts;
    return unhurried && next.step === this.#steps.length - 1 ? undefined : step.timeoutMs;
  }

  /** The step's call as its next attempt is recorded. */
  callAt(step: CallStep, next: NextAttempt, first: boolean): Call {
    if (first) return step.call;
    const { clock, uuid } = this.#context.dependencies;
    return { ...step.call, id: uuid(), attempt: next.attempt, step: next.step, acceptedAt: clock.now() };
  }

  /** What follows an attempt that came to this, as far as the plan goes. */
  next(call: Call, result: AttemptResult): NextAttempt | undefined {
    if (!this.mayRepeat || !this.repeatable) return undefined;
    const { config, dependencies } = this.#context;
    const { retryAfterMaxMs } = config;
    const nowMs = dependencies.clock.now();
    return nextAttempt(this.#steps, call, result, { retryAfterMaxMs, nowMs, random: dependencies.random() });
  }

  /** True for the kind of answer after which another attempt would be made, were there one left. */
  isFailure(status: number, head: ResponseHead): boolean {
    if (!this.mayRepeat || !this.repeatable) return false;
    return this.#steps.length > 1 || isRetriedAnswer(status, head.recorded);
  }

  get #gateNeedsBody(): boolean {
    return this.#steps.some(({ gate }) => gate?.needsBody === true);
  }

  /** The body that asks for the usage of its stream; undefined when the step's body goes as it is. */
  #usageBody(step: CallStep): Buffer | undefined {
    const body = step.addsUsage ? this.wholeBody(step) : null;
    if (!Buffer.isBuffer(body)) return undefined;
    this.#askedBody ??= new AskedBody();
    return this.#askedBody.of(body);
  }
}

const EMPTY = Buffer.alloc(0);
