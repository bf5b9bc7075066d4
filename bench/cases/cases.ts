/** All cases, in the order in which they are run. */
import type { Case } from './case.js';
import { handshakeCases } from './handshakes.js';
import { latencyCases } from './latency.js';
import { loginCases } from './logins.js';
import { memoryAfter, memoryAtRest, memoryUnderLoad } from './memory.js';
import { replicaCases } from './replicas.js';
import { reviewCases } from './reviews.js';

import { growthCases } from './scaling.js';
import { startCases } from './start.js';
import { wrongPasswordCases } from './wrong-passwords.js';

export const cases: readonly Case[] = [
  memoryAtRest,
  ...startCases,
  ...reviewCases,
  ...latencyCases,
  ...handshakeCases,
  ...loginCases,
  ...wrongPasswordCases,
  memoryUnderLoad,
  memoryAfter,
];

/** What docs/scaling.md is made from. */
export const scalingCases: readonly Case[] = [...growthCases, ...replicaCases];
