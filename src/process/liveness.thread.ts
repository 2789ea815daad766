/** Answers /health/live while the event loop of the main thread turns, and for a limited time after its last turn. */
import { createServer } from 'node:http'
import { parentPort, workerData } from 'node:worker_threads'
import type { LivenessOrder } from './liveness.js'

const { host, port, beats, hungAfterSeconds }: LivenessOrder = workerData

let seen = 0
/** Counted instead of measured, because a suspended process has not hung. */
let silentSeconds = 0
setInterval(() => {
  const now = Atomics.load(beats, 0)
  silentSeconds = now === seen ? silentSeconds + 1 : 0
  seen = now
}, 1_000)

const server = createServer((request, response) => {
  const isKnown = request.url?.split('?')[0] === '/health/live'
  const isHung = silentSeconds >= hungAfterSeconds
  response.writeHead(isKnown ? (isHung ? 503 : 200) : 404, {
    'content-type': 'application/json',
    connection: 'close',
  })
  response.end(isKnown ? JSON.stringify({ status: isHung ? 'hung' : 'live', silentSeconds }) : undefined)
})
// Closes connections without a request.
server.requestTimeout = 5_000
server.headersTimeout = 5_000
server.maxConnections = 100
server.listen(port, host, () => {
  const address = server.address()
  parentPort?.postMessage(typeof address === 'object' ? address?.port : port)
})
