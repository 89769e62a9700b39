const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Every constant of the detector, with its reason. Thresholds are in nats: log-likelihood ratios. */
export const TUNING = {
  /** Time without events is evidence too; it is counted this often. Far below the minute that the fastest alert may take. */
  tickMs: 30_000,

  /** A record of a quiet series fades by this at each run of evidence that ends: some hundreds of runs are remembered. */
  recordKept: 0.999,

  sessions: {
    /** What is believed before a stream has shown its sessions: one call in five is followed by another within half a minute. */
    priorContinuation: 0.2,
    priorGapMs: 30_000,
    priorCalls: 20,
    /** Longer gaps start a new session, whatever the likelihoods say. */
    longestGapMs: 5 * MINUTE,
  },

  level: {
    /** The rate of a stream wanders by about a third around its season, and forgets that in about an hour. */
    fastMs: 75 * MINUTE,
    fastStrength: 10,
    /** Growth and lasting changes. */
    slowMs: 2 * DAY,
    slowStrength: 50,
    /** What is believed of the wander at first, and how fast each half hour changes that. */
    wander: 0.2,
    wanderMemory: 0.01,
    /** A surge is announced from what came in this time. */
    surgeMs: 45 * MINUTE,
  },

  user: {
    /** Calls a minute of a loop: the alternatives of the test. */
    loopsAMinute: [5, 16, 50],
    threshold: 24,
    overRecord: 5,
    /** A loop that stops after fewer calls than these is a person clicking. */
    leastCalls: 4,
    /** Nobody's absence makes the next call news: one start in two hours is always expected. */
    leastStartsPerMs: 1 / (2 * HOUR),
    /** From here on a user's calls say nothing of the stream as a whole. */
    hotNats: 7,
    hotCalls: 6,
    /** A burst at this distance from last week's is a habit. */
    habitMs: 90 * MINUTE,
    strangerMs: DAY,
    strangerNats: 12,
    strangerCalls: 2,
  },

  outage: {
    /** Shares of the calls that still get through. */
    shares: [0.04, 0.25],
    /** Standard deviations of the wander that the test gives away, for each share. */
    margins: [1.25, 2],
    threshold: 13.5,
    overRecord: 2,
    /** Below this many expected sessions an hour silence is normal. */
    leastSessionsAnHour: 6,
    /** The reference level is frozen once the evidence has left this. */
    freezeNats: 1,
    /** With so much evidence each, streams that make up this part of the traffic of a tenant are one outage. */
    wideNats: 4,
    wideShare: 0.8,
  },

  surge: {
    ratio: 1.45,
    /** A tenant is the mean of its streams, each wandering by itself: less is news. */
    tenantRatio: 1.28,
    tenantZ: 2,
    streamZ: 1.5,
    /** Wander of a stream's rate around its season, as a standard deviation of the logarithm. */
    wander: 0.28,
    holdMs: 25 * MINUTE,
    /** Nats by which the others of the tenant must look as usual, and not up like the stream; else the tenant is given time to say so itself. */
    restNats: 1.5,
    /** Nor be up by more standard deviations than this. */
    restZ: 0.5,
    restHoldMs: 70 * MINUTE,
    /** Without the stream that is up most, the tenant is up by this part of its rise. */
    restShare: 0.45,
    /** What is told is told again when it is so much more than it was. */
    again: 1.5,
  },

  tokens: {
    /** Log shifts of the tokens per request that are news. */
    shifts: [0.16, 0.25, 0.4, 0.65, 1],
    /** An edit of a prompt changes it by about three per cent, and that is not news. */
    editVariance: 0.027 ** 2,
    shiftVariance: 0.03 ** 2,
    wanderVariance: 0.045 ** 2,
    wanderMs: 4 * HOUR,
    threshold: 3.6,
    settleNats: -9,
    /** A change that no fingerprint announces. */
    blindShifts: [0.3, 0.8],
    blindThreshold: 18,
    /** A residual beyond this many standard deviations counts as this many: one giant document is not a change. */
    clip: 3,
    userStrength: 5,
    /** Calls over which the mean habit of the users of a stream is taken. */
    habitCalls: 500,
    leastCalls: 200,
    watchedCalls: 8,
    /** Two or three sessions of one kind, and the change is theirs and not that of the prompt. */
    watchedSessions: 6,
    watchMs: 2 * DAY,
    /** Prompts of one stream that are told apart. */
    promptsMax: 64,
    /** So many new ones among about a hundred calls, and the fingerprint tells nothing. */
    churnMax: 20,
    /** One call in so many tries such a fingerprint all the same: the stream may just have many. */
    churnTrial: 4,
  },

  outputs: {
    /** Log shifts of the output tokens per request that are news: a third more, twice as much. */
    shifts: [0.3, 0.8],
    threshold: 18,
    leastCalls: 300,
    memory: 20_000,
    leastVariance: 0.05,
    clip: 3,
    /** Answers of one session are half alike. */
    sessionShare: 0.5,
    /** A prompt that is no older than this before the change is its cause. */
    promptMs: 2 * HOUR,
  },

  cache: { shares: [0.05, 0.5], threshold: 13.5, leastShare: 0.03, strength: 20, leastCalls: 200, memory: 20_000 },

  failures: { shares: [0.12, 0.4], prior: 0.01, strength: 200, threshold: 15.5, memory: 20_000, leastCalls: 200 },

  models: {
    shares: [0.1, 0.5, 0.95],
    threshold: 6.5,
    knownShare: 0.005,
    knownThreshold: 12.5,
    leastCalls: 200,
    dearer: 1.3,
    strength: 1,
    memory: 20_000,
  },

  prices: { leastCalls: 1_000, samples: 12, change: 0.02 },

  drift: {
    days: 16,
    /** Quarters of a day with enough calls that the two weeks must have: a nightly job has too few to average over. */
    leastBlocks: 40,
    threshold: 6,
    slopeADay: 0.03,
    /** The best of some sixty steps fits chance by so much more than one ramp does. */
    leastOverStep: -2.5,
    leastRise: 0.05,
    aheadDays: 4,
    dayVariance: 0.01 ** 2,
  },

  money: {
    /** Less than this an hour (for what may end within hours) or a day (for what stays) is told as `info`. */
    leastUsdAnHour: 0.25,
    leastUsdADay: 1.25,
    /** Batches and load tests are what the other environments are for. */
    otherEnvFactor: 40,
    production: ['prod', 'production'],
    mediumUsdADay: 5,
    highUsdADay: 50,
  },

  /** What is kept at most. Fewer bytes than these rows need are used while there are fewer. */
  limits: {
    /** Users of streams: 128 bytes each, and 32 for the person, and the tables to find them. */
    usersOfStreams: 1_000_000,
    streams: 10_000,
    /** Features beyond this are not announced. */
    features: 100_000,
    /** Cells of a sketch of the forgotten for so many rows. */
    rowsPerSketchCell: 4,
  },

  life: {
    /** A series younger than this has no normal yet. */
    learnMs: 3 * DAY,
    learnRateMs: 7 * DAY,
    /** A finding about the same thing within this time belongs to the alert before it. */
    repeatMs: 6 * HOUR,
    /** The same for what is found at every event while it lasts: a false start must not hide the real thing that follows. */
    againMs: 1.5 * HOUR,
    /** What is found at every event and has not been for this long is over. */
    quietMs: HOUR / 2,
    /** What lasts longer is the new normal. */
    adoptMs: 3 * DAY,
  },
} as const;
