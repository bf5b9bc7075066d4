/** How `pamhook check` shows what it found: a line a finding for people, faults last; or one JSON object. */
import { asJson } from '../../config/quote.js';
import type { Finding } from './finding.js';
import type { LoginReport } from './login.js';

const LEVELS = ['ok', 'warning', 'fault'] as const;
const MARKS = { ok: '  ok  ', warning: ' warn ', fault: 'FAULT ' } as const;
const SUBJECT_WIDTH = 18;

export function textReport(findings: readonly Finding[], login: LoginReport | undefined): string {
  const sorted = LEVELS.flatMap((level) => findings.filter((finding) => finding.level === level));
  const transaction = login === undefined ? [] : [...loginLines(login), ''];
  return [...transaction, ...sorted.map(findingLine), '', `${summary(findings)}.`, ''].join('\n');
}

export function jsonReport(findings: readonly Finding[], login: LoginReport | undefined): string {
  const counts = { faults: count(findings, 'fault'), warnings: count(findings, 'warning') };
  return `${asJson({ ...counts, findings, ...(login === undefined ? {} : { login }) })}\n`;
}

export function count(findings: readonly Finding[], level: Finding['level']): number {
  return findings.filter((finding) => finding.level === level).length;
}

function findingLine({ level, subject, says, cure }: Finding): string {
  const line = `${MARKS[level]} ${subject.padEnd(SUBJECT_WIDTH)} ${says}${cure === undefined ? '' : `. Cure: ${cure}`}`;
  return printable(line);
}

function summary(findings: readonly Finding[]): string {
  const [faults, warnings] = [count(findings, 'fault'), count(findings, 'warning')];
  const plural = (number: number, word: string) => `${number} ${word}${number === 1 ? '' : 's'}`;
  return faults + warnings === 0 ? 'All is fine' : `${plural(faults, 'fault')}, ${plural(warnings, 'warning')}`;
}

function loginLines({ user, service, stages, messages, prompts, elapsed, identity }: LoginReport): string[] {
  return [
    `PAM transaction of ${asJson(user)} with the service ${asJson(service)}, ${elapsed} ms:`,
    ...stages.map(({ stage, code }) => `  stage    ${stage.padEnd(12)} ${code}`),
    ...prompts.map(
      ({ text, answered }) => `  prompt   ${(answered ? 'answered' : 'unanswered').padEnd(12)} ${asJson(text)}`,
    ),
    ...messages.map(({ kind, text }) => `  message  ${kind.padEnd(12)} ${asJson(text)}`),
    ...(identity === undefined ? [] : [`  review   ${asJson(identity)}`]),
  ].map(printable);
}

/** A path or a name may hold what a terminal would obey. */
function printable(line: string): string {
  return line.replaceAll(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ');
}
