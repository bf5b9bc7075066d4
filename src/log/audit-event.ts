/** The audit events: one table, from which the docs are made; every line of the audit log is one of these. */

export const auditEvents = {
  'daemon.started': 'the daemon accepts connections',
  'daemon.stopping': 'the daemon was told to stop and takes no new connections',
  'daemon.stopped': 'all processes have ended',
  'certificate.changed': 'new connections get another certificate',
  'client-ca.changed': 'another CA judges the client certificates of who asks for reviews',
  'keys.changed': 'other keys verify, the first of them signs',
  'kubecfg-template.changed': 'people get another kubeconfig',
  'token.issued': 'a password was right and a token is given out (written before the token leaves the daemon)',
  'token.curtailed':
    'groups are missing in a token that is about to be issued: all, with which it would be longer than 16 KiB (`too long`), or some that could not be looked up (`incomplete`)',
  'token.refused': 'a login was refused: how many responses were sent, PAM code, stage, and the reason the client saw',
  'token.prompted': 'PAM asked for more responses than the client sent: an attempt as much as a refused one',
  'token.unavailable': 'a login could not be checked (none is written for one given up before PAM was asked)',
  'token.throttled':
    'logins turned away before PAM, after too many failures, counted by user and source over ten seconds; without user: of further names from there',
  'token.vouched':
    'a proxy that is believed named a user (`user-header`), with the groups that go into the token, and a token is given out (written before it leaves the daemon)',
  'token.vouch-refused': 'a proxy that is believed named a user, and a rule (`denial`) keeps him from a token',
  'token.vouch-unavailable': 'a proxy that is believed named a user, and it could not be decided or no token be signed',
  'header.refused':
    'requests with `user-header` or `group-header` turned away, since it came from elsewhere or was not as it must be, counted by reason and source over ten seconds',
  'review.refused': 'reviews answered with no, counted by reason and source over ten seconds',
  'review.unavailable': 'reviews that could not be checked, counted by error code and source over ten seconds',
  'review.unauthorized':
    'callers turned away from /authenticate for want of a good client certificate, counted by reason and source over ten seconds',
  'identity.vanished':
    'a user known a moment ago was not found at a review and looked for again: what that saw (`again`), and how often in ten seconds',
} as const satisfies Record<string, string>;

export type AuditEventName = keyof typeof auditEvents;

/** `time`, `event`, `process` and `pid` are added by the writer. */
export interface AuditEvent {
  readonly event: AuditEventName;
  readonly requestId?: string;
  readonly source?: string;
  readonly user?: string;
  readonly jti?: string;
  readonly [field: string]: string | number | boolean | readonly string[] | undefined;
}
