/** Files of keys to create. */
import { describe, expect, it } from 'vitest'
import { UsageError } from '../../cli/errors.js'
import { readKeyRows } from '../../cli/key-rows.js'

const key = { name: null, models: [], expiresAt: null }

describe('a file of keys', () => {
  it('is CSV with columns in any order, quotes and both line ends', () => {
    const text =
      '\uFEFFname,tenant,scopes\r\n"Ada, ""the first""",class-1,"jobs:write, models:write"\r\n\r\n,class-2,jobs:read'
    expect(readKeyRows(text)).toEqual([
      { ...key, tenantId: 'class-1', name: 'Ada, "the first"', scopes: ['jobs:write', 'models:write'] },
      { ...key, tenantId: 'class-2', scopes: ['jobs:read'] },
    ])
  })

  it('has models, and expiries as times and as days', () => {
    const text =
      'tenant,scopes,models,expires\na,models:predict,churn@current;churn@2,2030-01-01T00:00:00Z\nb,jobs:read,,2d\nc,jobs:read,,never\n'
    const [a, b, c] = readKeyRows(text)
    expect(a).toMatchObject({ models: ['churn@current', 'churn@2'], expiresAt: '2030-01-01T00:00:00Z' })
    const days = (Date.parse(String(b?.expiresAt)) - Date.now()) / 86_400_000
    expect(days).toBeGreaterThan(1.99)
    expect(days).toBeLessThan(2.01)
    expect(c?.expiresAt).toBeNull()
  })

  it('keeps a bad row in its place, which the service refuses', () => {
    const rows = readKeyRows('tenant,scopes\nclass-1,jobs:read\nClass 2,fly\nclass-3,jobs:read\n')
    expect(rows.map(({ tenantId }) => tenantId)).toEqual(['class-1', 'Class 2', 'class-3'])
  })

  it('is a JSON array of bodies', () => {
    expect(readKeyRows(' [{"tenantId":"a","scopes":["jobs:read"]}]')).toEqual([
      { tenantId: 'a', scopes: ['jobs:read'] },
    ])
  })

  it.each([
    '',
    'a,b\n1,2\n',
    'tenant\nclass-1\n',
    '[1',
    'tenant,scopes,secret\na,jobs:read,x\n',
  ])('is refused as a wrong command line: %j', (text) => {
    expect(() => readKeyRows(text)).toThrow(UsageError)
  })
})
