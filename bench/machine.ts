/** On what it was measured. */
import { cpus, release, totalmem } from 'node:os';
import type { Machine } from './result.js';

export function describeMachine(): Machine {
  const processors = cpus();
  return {
    processor: processors[0]?.model ?? 'unknown',
    cores: processors.length,
    memory: totalmem(),
    kernel: release(),
    node: process.version,
    openssl: process.versions.openssl,
  };
}
