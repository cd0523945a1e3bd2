import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { codeOf } from '../errors.js';
import { error, type Finding, ok } from './finding.js';

/** Whether a line can be written to the access log. */
export function lookAtLogFile(log: string): Finding {
  const there = existsSync(log);
  try {
    if (there && statSync(log).isDirectory()) return error(`OffloadLog ${log}: is a directory`, 'name a file in it');
    accessSync(there ? log : dirname(log), there ? constants.W_OK : constants.W_OK | constants.X_OK);
    return ok(there ? `${log} can be written to, and has ${statSync(log).size} bytes` : `${log} can be made`);
  } catch (problem) {
    const remedy = `sudo install -o USER -m 640 /dev/null ${log}, USER being who runs the script`;
    return error(`OffloadLog ${log}: can't be ${there ? 'written to' : 'made'} by uid ${process.geteuid?.() ?? '?'} (${codeOf(problem)})`, remedy);
  }
}
