/** Generated datasets for use-cases that are tested without a thread: nothing in such a test is large. */
import { GeneratedData } from '../../src/training/generated-data.js'
import type { RequestThread } from '../../src/training/ports/request-thread.js'

const refuse = async () => {
  throw new Error('there is no thread in this test')
}

export const noThread: RequestThread = { describe: refuse, rows: refuse, construct: refuse, prepare: refuse }
export const generated = new GeneratedData(noThread)
