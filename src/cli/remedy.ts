import { codeOf } from '../errors.js';

/** What to do about an error of the system that no command has words of its own for. */
const REMEDIES: { readonly [code: string]: string } = {
  EACCES: 'run it as a user who may do that, or give this one the right',
  EPERM: 'run it as a user who may do that, or give this one the right',
  ENOENT: 'make it, or name another',
  EROFS: 'mount the file system for writing, or name another place',
  ENOSPC: 'make room on the file system',
  EDQUOT: "raise the user's quota, or make room",
  EMFILE: 'raise the limit of open files (ulimit -n)',
  ENFILE: 'raise the limit of open files (sysctl fs.file-max)',
  ENOMEM: 'end other programs, or give the machine more memory',
};

/** The message of an error, and what to do about it. */
export function withRemedy(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const remedy = REMEDIES[codeOf(error)];
  return remedy === undefined ? text : `${text}; ${remedy}`;
}
