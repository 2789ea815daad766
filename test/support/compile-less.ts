/**
 * Options of Node for tests and for the processes that they start. Most code of a test runs a few times, so compiling
 * it for speed costs more than it saves. Node 24 has no such option.
 */
export const compileLess: readonly string[] =
  Number(process.versions.node.split('.')[0]) < 24 ? ['--interrupt-budget=400000'] : []
