/**
 * Every route with its most expensive requests that are allowed, on the service as it is built: none may keep the event loop
 * computing for so long that others notice. A route that is not listed fails here.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openApp } from '../support/app.js'
import { routesOf } from '../support/routes.js'
import { costlyRequests, makeThings, type Things } from './costly-requests.js'
import { openProbedServer, type ProbedServer } from './probed-server.js'
import { type Request, send } from './wire.js'

/** Of the loop's own time on a processor, so that a busy machine changes nothing. */
const mostMilliseconds = 100

let server: ProbedServer
let things: Things

beforeAll(async () => {
  server = await openProbedServer()
  things = await makeThings(server, async (request) => JSON.parse((await send(server.url, request)).text))
}, 60_000)

afterAll(() => server.close())

/** The longest stretch while it is answered, and until what it began has settled. */
async function stretchOf(request: Request): Promise<{ status: number; stretch: number }> {
  await server.longestStretch()
  const { status } = await send(server.url, request)
  await sleep(20)
  return { status, stretch: await server.longestStretch() }
}

describe('the probe', () => {
  it('sees a loop that computes, so that a quiet one means something', async () => {
    // What compiles its first use, of which the idle service does nothing.
    await server.longestStretch()
    await sleep(200)
    const idle = await server.longestStretch()
    const busy = await stretchOf({ path: '/jobs?limit=100' })
    expect(busy.stretch).toBeGreaterThan(0)
    expect(idle).toBeLessThan(mostMilliseconds)
  })
})

/** Served by packages, as files. */
const ofPackages = /^GET \/docs/

it('lists every route of the application, and no other', async () => {
  const { app, close } = await openApp()
  const routes = [...routesOf(app.printRoutes({ commonPrefix: false }))].filter(
    (route) => !ofPackages.test(route),
  )
  await close()
  expect(Object.keys(costlyRequests(things)).toSorted()).toEqual(routes.toSorted())
})

it('holds up nobody, whatever is asked for', { timeout: 240_000 }, async () => {
  const long: string[] = []
  const failed: string[] = []
  for (const [route, requests] of Object.entries(costlyRequests(things))) {
    for (const request of requests) {
      const { status, stretch } = await stretchOf(request)
      const what = `${route}, ${request.name}`
      if (process.env.SHOW_STRETCHES !== undefined)
        console.log(`${stretch.toFixed(0)} ms, ${status}: ${what}`)
      if (stretch > mostMilliseconds) long.push(`${what}: ${stretch.toFixed(0)} ms`)
      if (status === 500) failed.push(what)
    }
  }
  expect(long).toEqual([])
  expect(failed).toEqual([])
})
