/** What is wrong with a value and what would be right; whoever loads the settings puts in front where it stood. */
export class BadValue extends Error {
  constructor(wrong: string, right: string) {
    super(`${wrong}; write ${right}`);
  }
}
