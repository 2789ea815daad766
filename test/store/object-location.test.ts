/** OBJECT_STORE_URL is read strictly, and its keys are in no message. */
import { describe, expect, it } from 'vitest'
import { readConfig } from '../../src/config.js'
import { parseObjectLocation } from '../../src/store/object-location.js'

const parsed = (text: string) => {
  const { base, ...location } = parseObjectLocation(text)
  return { base: base.href, ...location }
}

describe('the address of an object store', () => {
  it('has keys, host, bucket, prefix and region', () => {
    expect(
      parsed('s3+https://AKIA:a%2Fb%2Bc%3A@s3.eu-central-1.amazonaws.com/bucket/a/b?region=eu-central-1'),
    ).toEqual({
      base: 'https://s3.eu-central-1.amazonaws.com/bucket/a/b/',
      isVirtual: false,
      region: 'eu-central-1',
      accessKey: 'AKIA',
      secretKey: 'a/b+c:',
    })
  })

  it('may have a port and no prefix', () => {
    const { base, region } = parsed('s3+http://a:b@127.0.0.1:9000/bucket')
    expect({ base, region }).toEqual({ base: 'http://127.0.0.1:9000/bucket/', region: 'us-east-1' })
  })

  it('may have the bucket in the host', () => {
    const { base, isVirtual } = parsed('s3+https://a:b@bucket.s3.example.org/prefix?style=virtual')
    expect({ base, isVirtual }).toEqual({ base: 'https://bucket.s3.example.org/prefix/', isVirtual: true })
  })

  const key = 'topsecret'
  it.each([
    [`https://a:${key}@host/bucket`, 'must be like s3+https://ACCESS_KEY:SECRET_KEY@host/bucket/prefix'],
    [`s3://a:${key}@host/bucket`, 'must be like s3+https://'],
    [`s3+https://a:${key}@host`, 'needs a bucket in its path'],
    [`s3+https://${key}@host/bucket`, 'needs an access key and a secret key'],
    ['s3+https://host/bucket', 'needs an access key and a secret key'],
    [`s3+https://a:${key}%zz@host/bucket`, 'has a "%" in the secret key that begins no escape'],
    [`s3+https://a:${key}@host/bucket/pre%20fix`, 'has "pre%20fix" in its path'],
    [`s3+https://a:${key}@host/bucket/..%2f`, 'in its path'],
    [`s3+https://a:${key}@host/bucket?regoin=x`, 'has the parameter "regoin"'],
    [`s3+https://a:${key}@host/bucket?region=A%20B`, 'has the region "A B"'],
    [`s3+https://a:${key}@host/bucket?style=dns`, 'has style=dns'],
    [`s3+https://a:${key}@host/bucket#x`, 'must not have a fragment'],
    // Unescaped, the second part of the key would be the path.
    [`s3+https://a:top/${key}@host/bucket`, 'must be like'],
  ])('%s is refused', (text, message) => {
    let thrown = ''
    try {
      readConfig({ OBJECT_STORE_URL: text })
    } catch (error) {
      thrown = error instanceof Error ? error.message : ''
    }
    expect(thrown).toContain(`OBJECT_STORE_URL: `)
    expect(thrown).toContain(message)
    expect(thrown).not.toContain(key)
  })
})
