/**
 * Sends the most expensive allowed requests of every route to the built service. None may block the event loop
 * for long. A route without requests fails the test.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openApp } from '../support/app.js'
import { routesOf } from '../support/routes.js'
import { expensiveRequests, makeThings, type Things } from './expensive-requests.js'
import { openProbedServer, type ProbedServer } from './probed-server.js'
import { type Request, send } from './raw-requests.js'

/** CPU time of the event loop. */
const mostMilliseconds = 100

/** A block counts if the request repeats it: other processes slow a busy core for a moment. */
const attempts = 3

let server: ProbedServer
let things: Things

beforeAll(async () => {
  server = await openProbedServer()
  things = await makeThings(server, async (request) => JSON.parse((await send(server.url, request)).text))
}, 60_000)

afterAll(() => server.close())

/** Returns the longest block of the event loop during the request and shortly after it. */
async function measureBlock(request: Request): Promise<{ status: number; block: number }> {
  await server.longestBlock()
  const { status } = await send(server.url, request)
  await sleep(20)
  return { status, block: await server.longestBlock() }
}

/** The status of a request, and its shortest longest block in some attempts. */
async function measureRepeatedBlock(request: Request): Promise<{ status: number; block: number }> {
  let least = await measureBlock(request)
  for (let attempt = 1; attempt < attempts && least.block > mostMilliseconds; attempt++) {
    const again = await measureBlock(request)
    if (again.block < least.block) least = again
  }
  return least
}

describe('the probe', () => {
  it('detects a busy event loop', async () => {
    // Warms up the code that is compiled at its first use.
    await server.longestBlock()
    await sleep(200)
    const idle = await server.longestBlock()
    const busy = await measureBlock({ path: '/jobs?limit=100' })
    expect(busy.block).toBeGreaterThan(0)
    expect(idle).toBeLessThan(mostMilliseconds)
  })
})

/** Static files of packages. */
const ofPackages = /^GET \/docs/

it('has requests for every route and no others', async () => {
  const { app, close } = await openApp()
  const routes = [...routesOf(app.printRoutes({ commonPrefix: false }))].filter(
    (route) => !ofPackages.test(route),
  )
  await close()
  expect(Object.keys(expensiveRequests(things)).toSorted()).toEqual(routes.toSorted())
})

it('does not block the event loop for long', { timeout: 240_000 }, async () => {
  const long: string[] = []
  const failed: string[] = []
  for (const [route, requests] of Object.entries(expensiveRequests(things))) {
    for (const request of requests) {
      const { status, block } = await measureRepeatedBlock(request)
      const what = `${route}, ${request.name}`
      if (process.env.SHOW_BLOCKS !== undefined) console.log(`${block.toFixed(0)} ms, ${status}: ${what}`)
      if (block > mostMilliseconds) long.push(`${what}: ${block.toFixed(0)} ms`)
      if (status === 500) failed.push(what)
    }
  }
  expect(long).toEqual([])
  expect(failed).toEqual([])
})
