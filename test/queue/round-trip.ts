/** Wakes itself through the queue at the given address, for tests that need a separate process. */
import { consume, openQueue } from '../../src/queue/queue.js'

const [url] = process.argv.slice(2)
const onError = (error: Error) => console.error(error.message)
const queue = await openQueue(url, onError)
await queue.wake()
await new Promise<void>((resolve, reject) => {
  const work = async () => {
    console.log('woken')
    resolve()
  }
  consume(url, { concurrency: 1, work, onError }).catch(reject)
})
process.exit(0)
