/**
 * What `ps` shows of this process: `offload: GET /file.zip 34%`. Node keeps no more of it than the command line was long:
 * the middle gives way, at its front, for the end of a path tells more.
 */
export function showTitle(what: string, name: string, rest: string): void {
  const plain = name.replace(/[^!-~]/g, '?');
  const over = setTitle(`offload: ${what} ${plain}${rest}`);
  if (over > 0) setTitle(`offload: ${what} ..${plain.slice(over + 2)}${rest}`);
}

/** How many characters were too many. */
function setTitle(title: string): number {
  process.title = title;
  return title.length - process.title.length;
}

/** Shows how far the work is, at most once in a second, and not before the process is `next` seconds old: most are done by then. */
export function progress(what: string, path: string, next = 1): (done: number, total?: number) => void {
  return (done, total) => {
    const now = process.uptime();
    if (now < next) return;
    next = now + 1;
    showTitle(what, path, total ? ` ${Math.floor((done / total) * 100)}%` : '');
  };
}
