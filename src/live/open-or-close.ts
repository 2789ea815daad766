interface Openable {
  /** Whether there is something to watch. */
  open(): Promise<boolean>
  close(): void
}

/** The watch after it has read its first message. Closes it if it fails, or there is nothing to watch: then null. */
export async function openOrClose<Watch extends Openable>(watch: Watch): Promise<Watch | null> {
  try {
    if (await watch.open()) return watch
  } catch (error) {
    watch.close()
    throw error
  }
  watch.close()
  return null
}
