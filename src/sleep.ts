/** Resolves after so many milliseconds. (timers/promises would be one more module to load for each CGI request.) */
export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}
