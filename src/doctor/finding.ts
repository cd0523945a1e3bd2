/** What one look showed; `remedy` says what to do about it. */
export interface Finding {
  readonly level: 'ok' | 'warning' | 'error';
  readonly what: string;
  readonly remedy?: string;
}

export function ok(what: string): Finding {
  return { level: 'ok', what };
}

/** It works, but not as well as it could, or not for long. */
export function warning(what: string, remedy: string): Finding {
  return { level: 'warning', what, remedy };
}

export function error(what: string, remedy: string): Finding {
  return { level: 'error', what, remedy };
}
