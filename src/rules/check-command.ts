import { type Arguments, flag, flagNumber } from '../cli/arguments.js';
import { EXIT, type Io } from '../cli/io.js';
import { Problem } from '../cli/problem.js';
import { printable } from '../log.js';
import { checkBase } from './check.js';
import { codeOf, readInput } from './input.js';

/**
 * `offload check-base`: a line for each request on standard output.
 * @returns the exit code: 0 if all is as it should be; 1 if something must be mended; 2 for input that can't be used.
 */
export async function checkBaseCommand(given: Arguments, io: Io): Promise<number> {
  const big = url(flag(given, 'big'), '--big');
  if (big === undefined) throw new Problem('--big', 'name the URL of a big file on the base');
  const small = url(flag(given, 'small'), '--small');
  const { rules } = await readInput({ ...given, flags: { ...given.flags, 'no-resolve': true } }, io);
  const timeout = flagNumber(given, 'timeout', 0.01, 600) * 1000;
  let failed = 0;
  try {
    for await (const { ok, what, remedy } of checkBase(rules, { big, small, timeout })) {
      if (!ok) failed++;
      // With what the base has said in it.
      io.stdout.write(`${printable(`${ok ? 'ok  ' : 'FAIL'} ${what}${remedy === undefined ? '' : `; ${remedy}`}`)}\n`);
    }
  } catch (error) {
    failed++;
    io.stdout.write(`FAIL ${codeOf(error)}; is the server up, and its name right?\n`);
  }
  return failed === 0 ? EXIT.done : EXIT.failed;
}

function url(text: string | undefined, name: string): string | undefined {
  if (text === undefined) return undefined;
  if (/^https?:\/\/[^/?#\s]+\/[^?#\s]*$/i.test(text) && URL.canParse(text)) return text;
  throw new Problem(`${name} ${text}`, 'must be a URL like http://base.example/path, without a query');
}
