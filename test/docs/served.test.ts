/** The documents that the documentation of the API links, and their links. */
import request from 'supertest'
import { expect, it, onTestFinished } from 'vitest'
import { openApp } from '../support/app.js'
import { root } from './documents.js'

it('are served as pages whose links lead somewhere', async () => {
  const service = await openApp(20_000, undefined, `${root}/dist/page`)
  onTestFinished(() => service.close())
  const api = request(service.app.server)
  const { body } = await api.get('/openapi.json').expect(200)
  const links: string[] = [...body.info.description.matchAll(/\]\((\/documents\/[\w./]+)\)/g)].map(
    ([, link]) => link,
  )
  expect(links.length).toBeGreaterThan(5)
  const waiting = [...links]
  const seen = new Set<string>()
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (seen.has(path)) continue
    seen.add(path)
    const { text = '', headers } = await api.get(path).expect(200)
    if (!headers['content-type'].startsWith('text/html')) continue
    expect(text).toContain('<h1 id=')
    for (const [, link] of text.matchAll(/(?:href|src)="([^"]+)"/g)) {
      const { host, pathname, hash } = new URL(link, `http://here${path}`)
      if (host !== 'here' || !pathname.startsWith('/documents/')) continue
      if (hash !== '' && pathname === path) expect(text).toContain(`id="${hash.slice(1)}"`)
      waiting.push(pathname)
    }
  }
  expect(seen.size).toBeGreaterThan(links.length + 50)
})
