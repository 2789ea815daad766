/** Keeps a core busy until it is ended. */
process.on('disconnect', () => process.exit(0))

function burn(): void {
  const end = performance.now() + 50
  while (performance.now() < end);
  setImmediate(burn)
}

burn()
