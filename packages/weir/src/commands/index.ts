import { alerts } from './anomaly/alerts.ts';
import { backtest } from './anomaly/backtest.ts';
import { budgets } from './budgets.ts';
import { cache } from './cache.ts';
import type { Command } from './command.ts';
import { demo } from './demo.ts';
import { doctor } from './doctor.ts';
import { exportCommand } from './export.ts';
import { reconcile } from './ledger/reconcile.ts';
import { reprice } from './ledger/reprice.ts';
import { whatIf } from './ledger/what-if.ts';
import { explain } from './pricing/explain.ts';
import { price } from './pricing/price.ts';
import { usage } from './pricing/usage.ts';
import { replay } from './replay.ts';
import { run } from './run.ts';
import { sql } from './sql.ts';
import { subscribe } from './subscribe.ts';
import { tail } from './tail.ts';
import { token } from './token.ts';
import { up } from './up.ts';
import { verify } from './verify.ts';

export const COMMANDS: readonly Command[] = [
  up,
  demo,
  sql,
  tail,
  subscribe,
  price,
  usage,
  explain,
  reprice,
  whatIf,
  reconcile,
  budgets,
  alerts,
  backtest,
  cache,
  exportCommand,
  token,
  doctor,
  verify,
  replay,
  run,
];
