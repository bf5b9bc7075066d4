/** The human-facing side of the front, an Express app: which paths there are, and what every answer carries. */
import express, { type Response } from 'express';
import helmet from 'helmet';
import type { Logger } from '../log/logger.js';
import type { Documents } from './discovery.js';
import { createNoteFailure, type NoteFailure } from './failure-note.js';
import type { Kubeconfigs } from './kubeconfig.js';
import { createLoginFlow, type LoginFlowOptions } from './login-flow.js';
import type { Handler, RequestContext } from './request-context.js';
import { assetsRoute } from './routes/assets.js';
import { createDiscoveryRoute } from './routes/discovery.js';
import { createErrorRoute } from './routes/error.js';
import { createGenerateRoute } from './routes/generate.js';
import { createHealthRoute, type Readiness } from './routes/health.js';
import { heartbeatRoute } from './routes/heartbeat.js';
import { createKubecfgRoute } from './routes/kubecfg.js';
import { notFoundRoute } from './routes/not-found.js';
import { createPageRoute } from './routes/page.js';
import { createTokenRoute } from './routes/token.js';

export interface AppOptions extends LoginFlowOptions {
  /** Those of the keys in use now. */
  readonly documents: () => Documents;
  readonly readiness: Readiness;
  /** Of the template in use now; undefined: there is none. */
  readonly kubeconfigs: () => Kubeconfigs | undefined;
}

/** For people. */
export function createApp(options: AppOptions): Handler {
  const { readiness, documents, kubeconfigs, log } = options;
  const flow = createLoginFlow(options);
  const noteFailure = createNoteFailure(log);
  return appOf(
    [
      createTokenRoute(flow),
      createGenerateRoute(flow),
      createKubecfgRoute(flow, kubeconfigs),
      createPageRoute(flow, { ...options, noteFailure }),
      assetsRoute,
      heartbeatRoute,
      createHealthRoute(readiness),
      createDiscoveryRoute(documents),
    ],
    noteFailure,
  );
}

/** For those who ask for reviews on a listener of their own, which are answered before Express. */
export function createHeartbeatApp(log: Logger): Handler {
  return appOf([heartbeatRoute], createNoteFailure(log));
}

function appOf(routes: readonly express.RequestHandler[], noteFailure: NoteFailure): Handler {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.disable('query parser');
  app.disable('trust proxy');
  app.enable('case sensitive routing');
  app.enable('strict routing');

  app.use(securityHeaders);
  app.use(neverStored);
  for (const route of routes) app.use(route);
  app.use(notFoundRoute);
  app.use(createErrorRoute(noteFailure));

  return (request, response, context) => {
    (response as Response<unknown, RequestContext>).locals = context;
    response.setHeader('X-Request-Id', context.requestId);
    app(request, response);
  };
}

const securityHeaders = helmet({
  contentSecurityPolicy: {
    useDefaults: false,
    directives: { defaultSrc: ["'none'"], baseUri: ["'none'"], formAction: ["'none'"], frameAncestors: ["'none'"] },
  },
  xFrameOptions: { action: 'deny' },
  // It would hold for all ports of this host name, and the daemon often shares one with services that speak plain HTTP.
  strictTransportSecurity: false,
});

const neverStored: express.RequestHandler = (_request, response, next) => {
  response.set('Cache-Control', 'no-store');
  next();
};
