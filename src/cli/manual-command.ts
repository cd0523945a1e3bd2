import type { Arguments } from './arguments.js';
import { PAGES } from './commands/manual.js';
import { EXIT, type Io } from './io.js';
import { commandManual } from './manual-offload.js';
import { settingsManual } from './manual-settings.js';
import { Problem } from './problem.js';

const WRITERS: { readonly [Page in (typeof PAGES)[number]]: () => string } = {
  'offload.1': commandManual,
  'offload.conf.5': settingsManual,
};

/** `offload manual PAGE`. */
export function manualCommand({ words: [word = 'offload.1', ...more] }: Arguments, io: Io): Promise<number> {
  const page = PAGES.find((name) => name === word);
  if (page === undefined || more.length > 0) throw new Problem([word, ...more].join(' '), `no such page; write one of ${PAGES.join(', ')}`);
  io.stdout.write(WRITERS[page]());
  return Promise.resolve(EXIT.done);
}
