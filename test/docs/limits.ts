/** The table of limits in docs/security.md: values from the code, and why they are as they are. A bound without a reason does not compile. */
import { defaultText } from '#src/config/help.js';
import { LONGEST_TEMPLATE } from '#src/config/kubeconfig-template.js';
import type { OptionName } from '#src/config/options.js';
import { MAX_TEXT_CHARACTERS } from '#src/http/answer-texts.js';
import { type Bounds, bounds } from '#src/http/bounds.js';
import { metricsBounds } from '#src/http/metrics-server.js';
import { LONGEST_FORM, MOST_FORMS } from '#src/http/review-form.js';
import { MAX_FRAME } from '#src/privsep/channel.js';
import { MAX_KEYS_IN_USE, MAX_RESPONSE, MAX_RESPONSES } from '#src/privsep/protocol.js';
import { MAX_VERIFIED_TOKENS } from '#src/token/verified-tokens.js';
import { MAX_VOUCHED_GROUP_BYTES, MAX_VOUCHED_GROUPS } from '#src/token/vouching.js';

const ofBounds: Readonly<Record<keyof Bounds, string>> = {
  connections: 'some 55 KiB each: 8,192 idle ones take 450 MiB',
  connectionsPerSource: 'half of all: one address cannot shut out the others',
  requestsPerConnection: 'what piles up in a connection ends with it',
  pipelinedRequests: 'a client that does not wait for answers must not have them all kept for it',
  handshakeTimeout: 'the slowest honest handshake takes seconds; one that takes longer holds memory for nothing',
  handshakeBytes: 'a chain of three certificates with the largest usual keys has 6 KiB',
  largeHandshakes:
    'a client may send 100 KiB of certificates, which become 800 KiB in memory for as long as it stays: 100 MiB in all',
  headersTimeout: 'the same for headers that trickle in',
  requestTimeout: 'the same for a body: 1 MiB at half a megabit a second',
  keepAliveTimeout:
    'longer than the 90 s after which kube-apiserver lets go: only one end closes, and no request is lost',
  answerTimeout: 'answers that nobody reads must not fill memory',
  lingerTimeout: 'time to read why, before the connection is closed',
  drainIdleTimeout: 'a stop must not wait for those who ask nothing',
  checkInterval: 'how exact the times above are; each look costs as many steps as there are connections',
  headerBytes: 'a token of 8 KiB in a header, and room for what proxies add',
  reviewBodyBytes: 'kube-apiserver passes on tokens as large as it takes headers',
  smallBodyBytes: 'what any honest review has; a flood of large ones cannot take its room',
  largeBodiesBytes: 'memory for 64 of 1 MiB at once',
  keptBodyBytes: 'what is left of a body once tokens too long to be read are cut: nothing honest is as large',
  otherBodyBytes: 'the few parameters of a login',
  jsonDepth: 'no honest body has so many levels; a parser that recurses has a stack',
  jsonMembers: 'many small members cost the parser many times their size',
  tokenCharacters:
    'far more than a token of ours has, but for one with very many groups, which goes without; reading longer ones would cost for nothing',
  headerTokenCharacters: 'proxies and clients take headers of 8 to 16 KiB together',
  reviewAudiences: 'more than any cluster has',
  furtherResponses: 'more than any PAM stack asks',
  throttledHold: 'guessing at full speed gains nothing, and costs others nothing',
  throttledHeld: 'what is held back takes memory',
};

const ofOptions: Partial<Record<OptionName, string>> = {
  'pam-workers':
    'hashing one password takes a processor for some 25 ms: more than twice as many as processors gain nothing',
  'pam-worker-max-logins':
    'modules leak; so few logins that it does not matter, so many that new processes cost nothing',
  'pam-worker-nice':
    'a hash takes a processor for as long as a thousand reviews: where both want one, the reviews come first',
  'pam-timeout': 'a directory may take its time, a client does not wait longer',
  'login-queue':
    'a processor checks some 40 yescrypt hashes a second: two are done with 2,048 before pam-timeout ends the wait',
  'webhook-max-connections':
    'kube-apiserver opens one for each review that waits, and by default serves 600 requests at once; half from one source, so that one cannot shut it out',
  'login-free-failures': 'a person mistypes',
  'login-max-wait': 'a person hardly notices; a guesser has four tries a minute',
  'login-failures-per-hour': 'OWASP ASVS 4.0.3, 2.2.1: at most 100 failures an hour and account',
  'source-free-failures': 'behind one address there may be many people',
  'source-failures-per-hour': 'holds where the waits are made shorter',
  'limits-store-timeout': 'a Redis near by answers in a few; what one that hangs costs is hardly noticed',
  'refusal-delay': 'longer than PAM takes for any refusal, so that the time tells nothing; and guessing is slow',
  'token-expires-in': 'a stolen token ends soon, a person is not asked for the password all day',
  'max-lifetime': 'for whoever asks for a longer token than others: then `token-expires-in` can be short',
  'identity-cache-ttl': 'a burst of reviews costs one lookup; who left a group is out after seconds',
  'identity-stale-for': 'a directory that restarts stops nobody; one that stays away stops everybody in the end',
  'account-check-ttl': 'as for identities; PAM costs more',
  'shutdown-grace-period': 'less than the 30 s after which Kubernetes kills',
};

/** Not to be configured: they hold between the processes, or in one. */
const fixed: readonly (readonly [string, string, string])[] = [
  ['frame between processes', bytes(MAX_FRAME), 'a process must not fill another'],
  [
    'a kubeconfig template',
    bytes(LONGEST_TEMPLATE),
    'some 150 clusters with a CA each; it travels in pieces, and each kubeconfig is as large',
  ],
  [
    'groups in a user-header token',
    `${MAX_VOUCHED_GROUPS}, ${bytes(MAX_VOUCHED_GROUP_BYTES)}`,
    'they go into the token; more are refused, never cut',
  ],
  [
    'responses to PAM',
    `${MAX_RESPONSES} of ${MAX_RESPONSE - 1} bytes`,
    'what PAM takes (`PAM_MAX_RESP_SIZE`); longer ones are refused, never cut',
  ],
  [
    'connections for metrics',
    `${metricsBounds.connections}, ${metricsBounds.connectionsPerSource} of one address`,
    'a few Prometheus servers, and one of them cannot shut out the others',
  ],
  [
    'a connection for metrics',
    `${metricsBounds.connectionTime / 1000} s, one request`,
    'as long as Prometheus waits; one that hangs holds no place',
  ],
  ['keys in use', `${MAX_KEYS_IN_USE}`, 'with those whose tokens have not ended yet'],
  [
    'verified tokens remembered',
    `${MAX_VERIFIED_TOKENS}`,
    'only good ones come in, so that no stranger can push others out',
  ],
  [
    'texts of answers kept',
    bytes(MAX_TEXT_CHARACTERS),
    'some 350 bytes each for a user in one group: room for those of all remembered tokens',
  ],
  [
    'forms of reviews known',
    `${MOST_FORMS} of ${bytes(LONGEST_FORM)}`,
    'kube-apiserver has one; learnt from reviews of good tokens alone, so that no stranger can push others out',
  ],
];

export function limitsTable(): string {
  const rows = [
    ...Object.entries(ofOptions).map(([name, why]) => [`\`${name}\``, shownDefault(name as OptionName), why]),
    ...Object.entries(ofBounds).map(([name, why]) => [`\`${name}\``, shown(name, bounds[name as keyof Bounds]), why]),
    ...fixed,
  ];
  return ['| limit | default | why |', '|---|---|---|', ...rows.map((row) => `| ${row.join(' | ')} |`)].join('\n');
}

function shownDefault(name: OptionName): string {
  return name === 'token-expires-in' ? `${defaultText(name)} minutes` : defaultText(name);
}

function shown(name: string, value: number): string {
  if (/(?:Timeout|Interval|Hold)$/.test(name)) return `${value / 1000} s`;
  return /Bytes$/.test(name) ? bytes(value) : value.toLocaleString('en');
}

function bytes(value: number): string {
  return value >= 1024 * 1024 ? `${value / 1024 / 1024} MiB` : `${value / 1024} KiB`;
}
