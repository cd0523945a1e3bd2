import { writeSync } from 'node:fs';

/** Where messages for the operator go: under a web server, standard error is its error log. */
export interface Log {
  /** Something an operator should know or mend. */
  warn(message: string): void;
  /** One decision; written only with OffloadDebug on. */
  debug(message: string): void;
}

export function stderrLog(debug: boolean): Log {
  return {
    warn: (message) => write(message),
    debug: debug ? (message) => write(message) : () => {},
  };
}

function write(message: string): void {
  try {
    writeSync(2, `offload[${process.pid}]: ${printable(message)}\n`);
  } catch {
    // No standard error, or nobody reads it: there is no one left to tell.
  }
}

/** A URL or a header may hold line breaks and terminal escapes: they must not reach a log or a terminal as such. */
export function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
