const BACKGROUND = /"background"\s*:\s*true/;

/** True for a request that starts a job and is answered before it is done. */
export const startsJob = (body: Buffer): boolean =>
  body.includes('"background"') && BACKGROUND.test(body.toString('latin1'));
