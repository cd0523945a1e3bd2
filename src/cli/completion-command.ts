import type { Arguments } from './arguments.js';
import { SHELLS } from './commands/completion.js';
import { bashCompletion } from './complete-bash.js';
import { fishCompletion } from './complete-fish.js';
import { zshCompletion } from './complete-zsh.js';
import { EXIT, type Io } from './io.js';
import { Problem } from './problem.js';

const WRITERS: { readonly [Shell in (typeof SHELLS)[number]]: () => string } = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

/** `offload completion SHELL`. */
export function completionCommand({ words: [word, ...more] }: Arguments, io: Io): Promise<number> {
  const shell = SHELLS.find((name) => name === word);
  if (shell === undefined || more.length > 0) throw new Problem(word ?? 'no shell named', `write one of ${SHELLS.join(', ')}`);
  io.stdout.write(WRITERS[shell]());
  return Promise.resolve(EXIT.done);
}
