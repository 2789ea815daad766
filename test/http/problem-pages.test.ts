/** The page of each problem code. */
import request from 'supertest'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { problemSchema, problems } from '../../src/contract/problems.js'
import { openApp, type RunningApp } from '../support/app.js'

let service: RunningApp

beforeAll(async () => {
  service = await openApp()
})

afterAll(() => service.close())

const ask = (path: string, accept = 'application/json') =>
  request(service.app.server).get(path).set('accept', accept)

describe('/problems/{code}', () => {
  it.each(Object.entries(problems))('explains %s', async (code, { status, title, meaning, remedy }) => {
    const page = await ask(`/problems/${code}`).expect(200)
    expect(page.body).toMatchObject({ code, status, title, meaning, remedy })
    expect(problemSchema.parse(page.body.example)).toMatchObject({ type: `/problems/${code}`, code, status })
    const html = await ask(`/problems/${code}`, 'text/html,application/xhtml+xml,*/*;q=0.8').expect(200)
    expect(html.headers['content-type']).toContain('text/html')
    expect(html.text).toContain(`<h1>${title}</h1>`)
    const markdown = await ask(`/problems/${code}`, 'text/markdown').expect(200)
    expect(markdown.text).toContain(`# ${title}\n`)
    expect(markdown.text).toContain(remedy)
  })

  it('is the address in the type of an error', async () => {
    const { body } = await ask('/jobs/none').expect(404)
    const page = await ask(body.type).expect(200)
    expect(page.body.code).toBe('not-found')
  })

  it('knows no other codes', async () => {
    await ask('/problems/none').expect(404)
    await ask('/problems/constructor').expect(404)
    const list = await ask('/problems').expect(200)
    expect(list.body.data).toHaveLength(Object.keys(problems).length)
    expect((await ask('/problems', 'text/html')).text).toContain('href="/problems/internal"')
  })
})
