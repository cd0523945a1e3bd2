import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { atEnd, type Cleanup } from '../support/place.js';
import { waitUntil } from '../support/wait.js';

/** For a test's `skip`: false if all of these programs are installed, else Debian's packages of them. */
export function lackingPrograms(...programs: readonly string[]): string | false {
  const missing = programs.filter((name) => !existsSync(`/usr/bin/${name}`));
  return missing.length > 0 && `needs Debian's ${missing.join(', ')}`;
}

/** A program at a terminal of its own, with someone who types. */
export interface Terminal {
  /** Whether what came so far has escape sequences. */
  escapes(): boolean;
  /** Types, and waits until `expected` is on the screen after that. Gives what came. */
  type(keys: string, expected: RegExp): Promise<string>;
}

/** Starts `command` (of the shell) at a terminal; it ends with the test. */
export function startTerminal(t: Cleanup, command: string, env: Readonly<Record<string, string>>, cwd: string): Terminal {
  const child = spawn('script', ['-qfec', command, '/dev/null'], { cwd, env: { ...process.env, TERM: 'xterm', HISTFILE: '', ...env }, stdio: ['pipe', 'pipe', 'inherit'] });
  let written = '';
  child.stdout.on('data', (chunk: Buffer) => (written += chunk.toString('latin1')));
  atEnd(t, () => child.kill('SIGKILL'));
  const screen = (): string => overwritten(written.replaceAll(/\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]|\x07|\r/g, ''));
  return {
    escapes: () => written.includes('\x1b'),
    async type(keys, expected) {
      const before = screen().length;
      child.stdin.write(keys);
      return waitUntil(() => expected.test(screen().slice(before)) && screen().slice(before), {
        what: () => `${expected} on the screen: ${JSON.stringify(screen().slice(before))}`,
      });
    },
  };
}

/** A backspace takes back what stood before it, if it isn't a line's end. */
function overwritten(text: string): string {
  let shown = text;
  for (let before = ''; before !== shown; ) {
    before = shown;
    shown = shown.replaceAll(/[^\x08\n]\x08/g, '');
  }
  return shown;
}
