/** Every path that is none of the routes'. */
import type { RequestHandler } from 'express';
import { answerError } from '../answers.js';

export const notFoundRoute: RequestHandler = (request, response) => {
  answerError(request, response, 404, { error: 'Not Found' });
};
