#!/usr/bin/env node
/** The entry point of `kubectl_complete-pamhook`, which kubectl runs to complete `kubectl pamhook`. */
import { completionAnswer } from './completion/answer.js';
import { clientGrammar } from './completion/grammar.js';
import { readEnvironment } from './io.js';

process.stdout.write(await completionAnswer(process.argv.slice(2), clientGrammar(), readEnvironment()));
