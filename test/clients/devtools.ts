import { spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { atEnd, type Cleanup } from '../support/place.js';
import { assertNoProcess } from '../support/processes.js';
import { within } from '../support/wait.js';
import type { Program } from './programs.js';

const PROGRAM: Program = 'chromium';

// As root, and without a network: else it asks Google's hosts, many at a time.
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--disable-dev-shm-usage',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--autoplay-policy=no-user-gesture-required',
];

/** What one command of the DevTools protocol gives. */
interface Answer {
  readonly id?: number;
  readonly error?: { readonly message: string };
  readonly result?: { readonly sessionId?: string; readonly targetId?: string; readonly result?: { readonly value?: unknown }; readonly exceptionDetails?: { readonly exception?: { readonly description?: string } } };
}

/** A headless Chromium with a profile of its own in `dir`, driven over a pipe; it ends with the test. */
export class Chromium {
  readonly #to: Writable;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #count = 0;
  #said = '';

  constructor(t: Cleanup, dir: string) {
    const args = [...FLAGS, `--user-data-dir=${dir}/profile`, '--remote-debugging-pipe'];
    const child = spawn(PROGRAM, args, { cwd: dir, detached: true, env: { PATH: process.env['PATH'] ?? '', HOME: dir }, stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'] });
    const [, , stderr, to, from] = child.stdio as unknown as [null, null, Readable, Writable, Readable];
    stderr.setEncoding('utf8').on('data', (text: string) => (this.#said += text));
    this.#to = to.on('error', () => undefined);
    this.#read(from.on('error', () => undefined));
    atEnd(t, async () => {
      // Its whole group: its helpers write to the profile until they end.
      if (child.pid === undefined || child.exitCode !== null) return;
      process.kill(-child.pid, 'SIGKILL');
      await assertNoProcess(child.pid);
    });
  }

  /** Opens a page in a tab of its own, and evaluates an expression there until its promise gives a JSON value. */
  async evaluate(url: string, expression: string): Promise<unknown> {
    const { targetId } = await this.#command('Target.createTarget', { url: 'about:blank' });
    const { sessionId } = await this.#command('Target.attachToTarget', { targetId, flatten: true });
    await this.#command('Page.navigate', { url }, sessionId);
    const { result, exceptionDetails } = await this.#command('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true }, sessionId);
    await this.#command('Target.closeTarget', { targetId });
    if (exceptionDetails !== undefined) throw new Error(`${url}: ${exceptionDetails.exception?.description ?? 'the page threw'}`);
    return result?.value;
  }

  async #command(method: string, params: object, sessionId?: string): Promise<NonNullable<Answer['result']>> {
    const id = ++this.#count;
    const answered = new Promise<Answer>((resolve) => this.#waiting.set(id, resolve));
    this.#to.write(`${JSON.stringify({ id, method, params, ...(sessionId === undefined ? {} : { sessionId }) })}\0`);
    const { error, result } = await within(answered, () => `Chromium's answer to ${method}: ${this.#said}`, 30_000);
    if (error !== undefined || result === undefined) throw new Error(`Chromium, ${method}: ${error?.message ?? 'no result'}`);
    return result;
  }

  #read(from: Readable): void {
    let pending = '';
    from.setEncoding('utf8').on('data', (text: string) => {
      const messages = (pending + text).split('\0');
      pending = messages.pop() ?? '';
      for (const message of messages) {
        const answer = JSON.parse(message) as Answer;
        if (answer.id === undefined) continue;
        this.#waiting.get(answer.id)?.(answer);
        this.#waiting.delete(answer.id);
      }
    });
  }
}
