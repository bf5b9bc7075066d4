/** All kinds of load there are. */
import { bodies } from './bodies.js';
import { garbage } from './garbage.js';
import { guesses } from './guesses.js';
import { idle } from './idle.js';
import { innocent } from './innocent.js';
import type { Load } from './load.js';
import { logins } from './logins.js';
import { probe } from './probe.js';
import { reviews } from './reviews.js';
import { slowClients } from './slow-clients.js';
import { waiting } from './waiting.js';

export const loads = { bodies, garbage, guesses, idle, innocent, logins, probe, reviews, slowClients, waiting };
export type LoadName = keyof typeof loads;

export type PlanOf<N extends LoadName> = (typeof loads)[N] extends Load<infer Plan, infer _> ? Plan : never;
export type ResultOf<N extends LoadName> = Awaited<ReturnType<(typeof loads)[N]>>;
