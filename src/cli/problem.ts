/** Input that can't be used: the message says what is wrong, where, and what to do. */
export class Problem extends Error {
  constructor(where: string, what: string) {
    super(`${where}: ${what}`);
    this.name = 'Problem';
  }
}
