/**
 * For `node --import`: a process whose tests are done leaves at once. Node 20 closes all handles first when it has nothing
 * more to do, and waits for them: once in some thousand test files in vain, for ever, with a whole core
 * (node::Environment::CleanupHandles). The program itself always ends by `process.exit`, which doesn't.
 */
process.once('beforeExit', () => {
  // After all other listeners.
  process.once('exit', () => process.exit());
});
