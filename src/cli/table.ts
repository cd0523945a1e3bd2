/**
 * The one table of commands, in the order of the help. Parsing, `--help`, the manual and the shells' completion come from it.
 *
 * A new command:
 *
 * 1. `src/cli/commands/NAME.ts` has its `Command` (its fields: command.ts): what it is for, its flags, which settings have a
 *    flag there, exit codes, examples. It imports nothing heavy: `load` imports the program when it is run.
 * 2. A line in the list below.
 * 3. The program is a `Run`: it gets the checked `Arguments` (read them with `flag`, `isSet`, `flagList`, `flagNumber` of
 *    arguments.ts; the settings with `settingsOf` of settings.ts) and an `Io`, and resolves with the exit code. It throws a
 *    `Problem` for input that can't be used: that is exit code 2.
 *
 * A test runs it with `runCommand` of run.ts. test/cli/table.test.ts holds each entry to the rules of the house.
 */
import type { Command } from './command.js';
import { CHECK } from './commands/check.js';
import { CHECK_BASE } from './commands/check-base.js';
import { CLEAN } from './commands/clean.js';
import { COMPLETION } from './commands/completion.js';
import { DEMO } from './commands/demo.js';
import { HOSTS } from './commands/hosts.js';
import { LS } from './commands/ls.js';
import { MANUAL } from './commands/manual.js';
import { PURGE } from './commands/purge.js';
import { RULES } from './commands/rules.js';
import { SERVE } from './commands/serve.js';
import { SITE } from './commands/site.js';
import { STATUS } from './commands/status.js';
import { VERIFY } from './commands/verify.js';
import { WARM } from './commands/warm.js';

export const COMMANDS: readonly Command[] = [SERVE, SITE, CHECK, RULES, HOSTS, CHECK_BASE, LS, WARM, PURGE, CLEAN, VERIFY, STATUS, DEMO, COMPLETION, MANUAL];

export const ABOUT = 'takes the load of popular files off a web server';
