/** The form of the page, as `POST /login` gets it; parsed by the front. */
import type { IncomingMessage } from 'node:http';
import { Secret } from '../secret.js';
import type { Prompt } from '../token/login.js';
import { CROSS_SITE } from '../web/browser/problems.js';
import { readSmallBody } from './body.js';
import { isForm } from './body-parameters.js';
import type { Asked, ReadSettings } from './login-flow.js';
import type { RequestContext } from './request-context.js';
import { isFromOwnPage } from './same-origin.js';
import { chooseToken, type TokenChoice } from './token-choice.js';

/** What the form asks for. */
export interface FilledForm {
  readonly asked: Exclude<Asked, { error: string }>;
  readonly username: string;
  readonly choice: TokenChoice;
  /** The prompts that its responses answer. */
  readonly answered: readonly Prompt[];
  /** A kubeconfig is wanted in place of the page. */
  readonly kubeconfig: boolean;
}

/** undefined: the client has gone. */
export async function readLoginForm(
  request: IncomingMessage,
  { requestId, source, vouched }: RequestContext,
  settings: ReadSettings,
): Promise<FilledForm | Extract<Asked, { error: string }> | undefined> {
  const { bounds } = settings;
  // Before the body: what another site sends is not read.
  if (!isFromOwnPage(request)) return { status: 403, error: CROSS_SITE };
  if (!isForm(request)) return { status: 415, error: 'This is not the form of the page.' };
  const body = await readSmallBody(request, bounds.otherBodyBytes);
  if (body === 'cut short') return undefined;
  if (typeof body === 'string') return { status: 413, error: 'What was typed is too long.' };
  const form = new URLSearchParams(body.toString('utf8'));
  const username = form.get('username') ?? '';
  const responses = form.getAll('response');
  const choice = chooseToken(settings, form);
  if ('fault' in choice) return { status: 400, error: choice.fault };
  const common = { choice, kubeconfig: form.has('kubeconfig') };
  if (vouched !== undefined) {
    const asked = { vouch: { requestId, source, ...vouched, ...choice } };
    return { asked, username: vouched.username, answered: [], ...common };
  }
  if (username === '') return { status: 400, error: 'A user name and a password are needed.' };
  if (responses.length > bounds.furtherResponses) return { status: 400, error: 'There are too many responses.' };
  const secrets = secretsOf([form.get('password') ?? '', ...responses]);
  const asked = { login: { requestId, source, username, responses: secrets, ...choice } };
  return { asked, username, answered: form.getAll('prompt').slice(0, responses.length).map(readPrompt), ...common };
}

function secretsOf(texts: readonly string[]): readonly Secret[] {
  return texts.map((text) => Secret.fromString(text));
}

/** As the page wrote it into its form: whether the response may be shown, and the words. */
function readPrompt(text: string): Prompt {
  return { text: text.slice(1), echo: text.startsWith('+') };
}
