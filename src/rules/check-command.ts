import { printable } from '../log.js';
import { checkBase } from './check.js';
import { codeOf, flag, flagNumber, INPUT_OPTIONS, inputHelp, readArguments, readInput, reporting } from './input.js';
import { EXIT, type Io } from './io.js';
import { Problem } from './problem.js';

const COMMAND = 'offload check';
const HELP = `Usage: offload check --big URL [--small URL] [options] [FILE]
Asks a base server whether it redirects what it should, and says what to mend.

  --big URL            a plain file of the base, at least OffloadMinSize
  --small URL          one that is smaller
  --timeout SECONDS    for one answer (10)

${inputHelp()}
`;

const OPTIONS = {
  ...INPUT_OPTIONS,
  big: { type: 'string' },
  small: { type: 'string' },
  timeout: { type: 'string' },
} as const;

/**
 * `offload check` of the base side: a line for each request on standard output.
 * @returns the exit code: 0 if all is as it should be; 1 if something must be mended; 2 for input that can't be used.
 */
export function checkBaseCommand(args: readonly string[], io: Io): Promise<number> {
  return reporting(io, COMMAND, async () => {
    const given = readArguments(args, OPTIONS, COMMAND);
    if (given.flags['help'] === true) {
      io.stdout.write(HELP);
      return EXIT.done;
    }
    const big = url(flag(given, 'big'), '--big');
    if (big === undefined) throw new Problem('--big', 'name the URL of a big file on the base');
    const { rules } = await readInput({ ...given, flags: { ...given.flags, 'no-resolve': true } }, io);
    const timeout = flagNumber(given, 'timeout', 10, 0.01, 600) * 1000;
    let failed = 0;
    try {
      for await (const { ok, what, remedy } of checkBase(rules, { big, small: url(flag(given, 'small'), '--small'), timeout })) {
        if (!ok) failed++;
        // With what the base has said in it.
        io.stdout.write(`${printable(`${ok ? 'ok  ' : 'FAIL'} ${what}${remedy === undefined ? '' : `; ${remedy}`}`)}\n`);
      }
    } catch (error) {
      failed++;
      io.stdout.write(`FAIL ${codeOf(error)}; is the server up, and its name right?\n`);
    }
    return failed === 0 ? EXIT.done : EXIT.failed;
  });
}

function url(text: string | undefined, name: string): string | undefined {
  if (text === undefined) return undefined;
  if (/^https?:\/\/[^/?#\s]+\/[^?#\s]*$/i.test(text) && URL.canParse(text)) return text;
  throw new Problem(`${name} ${text}`, 'must be a URL like http://base.example/path, without a query');
}
