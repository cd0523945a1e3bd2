import { SettingsError } from '../settings/load.js';
import { EXIT, type Io } from './io.js';
import { Problem } from './problem.js';

/** Runs a part of a command; what can't be used becomes a line on standard error and exit code 2. */
export async function reporting(io: Io, name: string, run: () => Promise<number>): Promise<number> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof Problem || error instanceof SettingsError)) throw error;
    for (const line of error.message.split('\n')) io.stderr.write(line.startsWith(`${name}:`) ? `${line}\n` : `${name}: ${line}\n`);
    return EXIT.refused;
  }
}
