/** A worker that takes a message, reports it, and never finishes it, for the test that kills it. */
import { consume } from '../../src/queue/queue.js'

const [url] = process.argv.slice(2)
await consume(url, {
  concurrency: 1,
  work: async () => {
    console.log('took a message')
    return new Promise(() => {})
  },
  onError: (error) => console.error(error),
})
setInterval(() => {}, 60_000)
