/** About eleven random letters and digits: for names that must not meet, not for secrets. */
export function randomName(): string {
  return Math.random().toString(36).slice(2);
}
