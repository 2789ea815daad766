/** A worker that takes a ticket, says so, and never ends it: for the test that kills it. */
import { consume, type QueueAddress } from '../../src/queue/queue.js'

const [address] = process.argv.slice(2)
const parsed: QueueAddress = JSON.parse(address)
await consume(parsed, {
  concurrency: 1,
  handle: async (jobId) => {
    console.log(`took ${jobId}`)
    return new Promise(() => {})
  },
  onError: (error) => console.error(error),
})
console.log('ready')
setInterval(() => {}, 60_000)
