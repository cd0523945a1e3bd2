import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { runInThisContext, Script } from 'node:vm';
import { Compiled } from './host/cgi/compiled.js';
import { BadValue } from './settings/bad-value.js';
import { findCacheDir } from './settings/cache-dir.js';
import { readLines, splitWords } from './settings/file.js';
import { directiveOf, variableOf } from './settings/names.js';
import { absolute, directory } from './settings/path.js';
import { settingsFile, variable } from './settings/source.js';

/** Of the program's text; `build.mjs` puts them in. */
declare const PROGRAM_HASH: string;
declare const PROGRAM_LENGTH: number;
/** What this file was found to be, by the start of what it was a moment ago. */
declare const replacedBy: string | undefined;

/** What the program has from here: `build.mjs` leaves it out of the program. */
const STARTS_OWN = { BadValue, readLines, splitWords, directiveOf, variableOf, absolute, directory, settingsFile, variable };

/** `keepCompiled` is undefined if what is kept is good. */
type Program = (require: NodeJS.Require, keepCompiled: (() => void) | undefined, __filename: string, startsOwn: typeof STARTS_OWN) => void;
type Start = (require: NodeJS.Require, __filename: string, replacedBy: string) => void;

/**
 * The program is src/cgi.ts, as a function. It stands in the last line of this file, as a comment behind its hash: V8
 * parses what it has compiled before no more than that. Undefined if it isn't there.
 */
function programText(file: string): string | undefined {
  return file.endsWith(PROGRAM_HASH, file.length - PROGRAM_LENGTH) ? file.slice(-PROGRAM_LENGTH) : undefined;
}

/** The program, wherever it is: the last line, behind `//` and a hash. */
function lastLine(file: string): string {
  const lines = file.trimEnd();
  return lines.slice(lines.lastIndexOf('\n//') + 3 + PROGRAM_HASH.length);
}

function run(text: string, store: Compiled | undefined): void {
  const cachedData = store?.read();
  const script = new Script(text, cachedData === undefined ? { filename: __filename } : { filename: __filename, cachedData });
  const isDue = cachedData === undefined || store?.isDue === true || script.cachedDataRejected === true;
  (script.runInThisContext() as Program)(require, isDue ? () => store?.keep(script) : undefined, __filename, STARTS_OWN);
}

function start(file: string, isReplaced: boolean): void {
  const text = programText(file);
  if (text === undefined && !isReplaced) {
    // This file was replaced just now: by another version, which has its own start. Its first line is for the system.
    const other = runInThisContext(`(function(require,__filename,replacedBy){${file.slice(file.indexOf('\n'))}\n})`, __filename) as Start;
    return other(require, __filename, file);
  }
  const cacheDir = findCacheDir({ env: process.env, scriptDir: dirname(process.argv[1] ?? __filename) });
  // What is somewhere else is not what was built (FTP may change the ends of lines), and is not kept.
  run(text ?? lastLine(file), text === undefined || cacheDir === undefined ? undefined : new Compiled(cacheDir, PROGRAM_HASH));
}

// As Node has just read it: no function that isn't compiled yet.
if (typeof replacedBy === 'string') start(replacedBy, true);
else start(readFileSync(__filename, 'utf8'), false);
