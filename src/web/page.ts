/** The page for people: its documents, and what they are allowed to do. Everything is in memory once this is imported; used by the front. */
import { type Asset, assets } from './assets.js';
import { documentOf } from './document.js';
import { html } from './html.js';
import { issuedSection } from './issued.js';
import { signInSection } from './sign-in.js';
import type { IssuedView, SignInView } from './view.js';

export interface Page {
  /** By path. Their paths change with their contents. */
  readonly assets: ReadonlyMap<string, Asset>;
  readonly contentSecurityPolicy: string;
  signIn(view: SignInView): string;
  issued(view: IssuedView): string;
}

/** Nothing in the page is inline, nothing comes from elsewhere, and its script can make no markup from text. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join(';');

export const page: Page = {
  assets,
  contentSecurityPolicy,
  signIn(view) {
    const template = html`<template id="issued-template">${issuedSection(undefined)}</template>`;
    return documentOf('Sign in', html`${signInSection(view)}${template}`);
  },
  issued: (view) => documentOf('Token', issuedSection(view)),
};
