/** The documents that the documentation of the API links. */
import request from 'supertest'
import { expect, it, onTestFinished } from 'vitest'
import { openApp } from '../support/app.js'
import { readDocument, root } from './documents.js'

it('are served as text', async () => {
  const service = await openApp(20_000, undefined, `${root}/dist/page`)
  onTestFinished(() => service.close())
  const { body } = await request(service.app.server).get('/openapi.json').expect(200)
  const links = [...body.info.description.matchAll(/\]\(\/documents\/([\w.]+)\)/g)].map(([, name]) => name)
  expect(links.length).toBeGreaterThan(5)
  for (const name of links) {
    const { text, headers } = await request(service.app.server).get(`/documents/${name}`).expect(200)
    expect(headers['content-type']).toBe('text/plain; charset=utf-8')
    expect(text).toBe(readDocument(name === 'SECURITY.md' ? name : `docs/${name}`))
  }
})
