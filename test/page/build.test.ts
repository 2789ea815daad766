/** The built page: size, caching and content security policy. */
import { readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openApp, type RunningApp } from '../support/app.js'

const folder = 'dist/page'
/** Gzipped: the scripts of the first view, and all scripts. */
const maximumBytes = { first: 110 * 1024, all: 200 * 1024 }

let running: RunningApp

beforeAll(async () => {
  running = await openApp(20_000, undefined, resolve(folder))
})

afterAll(() => running.close())

const zippedBytes = (scripts: readonly string[]) =>
  scripts.reduce((sum, name) => sum + gzipSync(readFileSync(`${folder}/assets/${name}`)).length, 0)

describe('the page', () => {
  it('loads at most 110 KiB of script first, and has at most 200 KiB, gzipped', () => {
    const all = readdirSync(`${folder}/assets`).filter((name) => name.endsWith('.js'))
    // Vite lists what the first script imports, too.
    const html = readFileSync(`${folder}/index.html`, 'utf8')
    const first = all.filter((name) => html.includes(`/assets/${name}`))
    expect(first.length).toBeGreaterThan(0)
    expect(zippedBytes(first)).toBeLessThan(maximumBytes.first)
    expect(zippedBytes(all)).toBeLessThan(maximumBytes.all)
  })

  it('is revalidated on each load, and its assets are cached forever', async () => {
    const page = await running.app.inject('/')
    expect(page.statusCode).toBe(200)
    expect(page.headers['cache-control']).toBe('no-cache')
    expect(page.headers['content-type']).toMatch(/^text\/html/)
    const files = [...page.body.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, path]) => path)
    expect(files.filter((path) => path.endsWith('.css')).length).toBe(1)
    expect(files.filter((path) => path.endsWith('.js')).length).toBeGreaterThan(0)
    for (const path of files) {
      const file = await running.app.inject(path)
      expect(file.statusCode).toBe(200)
      expect(file.headers['cache-control']).toBe('public, max-age=31536000, immutable')
    }
  })

  it('can load and run its own files only', async () => {
    const { headers, body } = await running.app.inject('/')
    const policy = String(headers['content-security-policy'])
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("script-src 'self'")
    expect(policy).not.toMatch(/unsafe|https?:|\*/)
    expect(body).not.toMatch(/https?:\/\/|<style|<script(?![^>]*src=)/)
  })

  it('has the package of the client', async () => {
    const { statusCode, rawPayload } = await running.app.inject('/descent-client.tgz')
    expect(statusCode).toBe(200)
    const archive = gunzipSync(rawPayload).toString('latin1')
    for (const name of [
      'package.json',
      'README.md',
      'dist/index.js',
      'dist/index.d.ts',
      'dist/generated/api.d.ts',
    ])
      expect(archive).toContain(`package/${name}\0`)
  })

  it('leaves paths without a file to the API', async () => {
    const answer = await running.app.inject('/assets/nothing.js')
    expect(answer.statusCode).toBe(404)
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/)
  })
})
