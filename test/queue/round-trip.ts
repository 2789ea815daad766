/** Puts a ticket on the queue at the given address and takes it off again, for tests that need a process of their own. */
import { consume, openQueue, type QueueAddress } from '../../src/queue/queue.js'

const [address] = process.argv.slice(2)
const parsed: QueueAddress = JSON.parse(address)
const onError = (error: Error) => console.error(error.message)
const queue = await openQueue(parsed, onError)
await queue.enqueue({ jobId: 'job_1', attempt: 0 })
await new Promise<void>((resolve, reject) => {
  const handle = async (jobId: string) => {
    console.log(`took ${jobId}`)
    resolve()
  }
  consume(parsed, { concurrency: 1, handle, onError }).catch(reject)
})
process.exit(0)
