import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { Script } from 'node:vm';
import { Compiled } from './host/cgi/compiled.js';
import { findCacheDir } from './settings/cache-dir.js';

/** Of the program's text; `build.mjs` puts them in. */
declare const PROGRAM_HASH: string;
declare const PROGRAM_LENGTH: number;

/** `keepCompiled` is undefined if what is kept is good. */
type Program = (require: NodeJS.Require, keepCompiled: (() => void) | undefined, __filename: string) => void;

/**
 * The program is src/cgi.ts, as a function. It stands in the last line of this file, as a comment behind its hash: V8
 * parses what it has compiled before no more than that. Undefined if this file was replaced just now.
 */
function programText(file: string): string | undefined {
  return file.endsWith(PROGRAM_HASH, file.length - PROGRAM_LENGTH) ? file.slice(-PROGRAM_LENGTH) : undefined;
}

function run(text: string, store: Compiled | undefined): void {
  const cachedData = store?.read();
  const script = new Script(text, cachedData === undefined ? { filename: __filename } : { filename: __filename, cachedData });
  const isDue = cachedData === undefined || store?.isDue === true || script.cachedDataRejected === true;
  (script.runInThisContext() as Program)(require, isDue ? () => store?.keep(script) : undefined, __filename);
}

// As Node has just read it: no function that isn't compiled yet.
const file = readFileSync(__filename, 'utf8');
const text = programText(file);
const cacheDir = findCacheDir({ env: process.env, scriptDir: dirname(process.argv[1] ?? __filename) });
// The text of another program needs no hash to be run, but must not be taken for this one's.
run(text ?? file.slice(file.lastIndexOf('(function(require')), text === undefined || cacheDir === undefined ? undefined : new Compiled(cacheDir, PROGRAM_HASH));
