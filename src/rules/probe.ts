import { request as plain } from 'node:http';
import { request as secure } from 'node:https';

/** What a host answered, or why it didn't. */
export interface Probe {
  readonly healthy: boolean;
  readonly detail: string;
}

/**
 * Asks a host for `/robots.txt`, which every offload host answers by itself, and with HEAD for each of `paths`, which
 * it can answer only if it reaches the base.
 * @param timeout milliseconds for each question
 */
export async function probe(href: string, paths: readonly string[], timeout: number): Promise<Probe> {
  const questions = [{ method: 'GET', path: '/robots.txt' }, ...paths.map((path) => ({ method: 'HEAD', path }))];
  for (const { method, path } of questions) {
    const answer = await status(`${href}${path}`, method, timeout);
    if (answer !== 200) return { healthy: false, detail: `${path}: ${answer}` };
  }
  return { healthy: true, detail: 'answers' };
}

function status(url: string, method: string, timeout: number): Promise<number | string> {
  return new Promise((resolve) => {
    const send = url.startsWith('https:') ? secure : plain;
    const question = send(url, { method, agent: false, headers: { 'User-Agent': 'offload hosts', Connection: 'close' } });
    const clock = setTimeout(() => question.destroy(new Error(`no answer within ${timeout} ms`)), timeout);
    question.on('response', (answer) => {
      answer.on('error', () => undefined); // the status has been seen; what is left doesn't matter
      answer.resume();
      answer.destroy();
      clearTimeout(clock);
      resolve(answer.statusCode ?? 'no status');
    });
    question.on('error', (error) => {
      clearTimeout(clock);
      resolve(error.message);
    });
    question.end();
  });
}
