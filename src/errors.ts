/** The code of a system error (ENOENT, ECONNREFUSED…), or '' if it is none. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

/** Whether the machine, or this process, has no more of something (descriptors, processes, memory): that passes. */
export function isLimit(error: unknown): boolean {
  return /\b(?:E[MN]FILE|EAGAIN|ENOMEM)\b/.test(String(error));
}
