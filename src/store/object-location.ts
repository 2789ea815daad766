/** OBJECT_STORE_URL: where an S3-compatible store is, and how to sign requests to it. */

export interface ObjectLocation {
  /** The address of the bucket and the prefix, with a slash at the end. */
  readonly base: URL
  /** Whether the first label of the host is the bucket. Otherwise it is the first segment of the path. */
  readonly isVirtual: boolean
  readonly region: string
  readonly accessKey: string
  readonly secretKey: string
}

const form = 's3+https://ACCESS_KEY:SECRET_KEY@host/bucket/prefix?region=us-east-1'

/** Names of buckets and prefixes that need no escape in an address or a list. */
const segmentPattern = /^[A-Za-z0-9][A-Za-z0-9._-]*$/
const regionPattern = /^[a-z0-9-]+$/

/**
 * Reads an address of the form above, or with `s3+http`. The bucket is the first segment of the path, or with
 * `style=virtual` the first label of the host.
 * @throws Error that names what is wrong, without the keys
 */
export function parseObjectLocation(text: string): ObjectLocation {
  const url = /^s3\+https?:\/\//.test(text) && URL.canParse(text.slice(3)) ? new URL(text.slice(3)) : null
  if (url === null) throw new Error(`must be like ${form}, or s3+http://… for a store on this machine`)
  const accessKey = decode(url.username, 'access key')
  const secretKey = decode(url.password, 'secret key')
  if (accessKey === '' || secretKey === '') {
    throw new Error(`needs an access key and a secret key, with special characters escaped: ${form}`)
  }
  if (url.hash !== '') throw new Error('must not have a fragment. Write # in a key as %23')
  const { region, style } = readParameters(url.searchParams)
  const segments = url.pathname.split('/').filter((segment) => segment !== '')
  const wrong = segments.find((segment) => !segmentPattern.test(segment))
  if (wrong !== undefined) {
    throw new Error(`has "${wrong}" in its path. Buckets and prefixes have letters, digits, '.', '_' and '-'`)
  }
  if (style === 'path' && segments.length === 0) throw new Error(`needs a bucket in its path: ${form}`)
  const base = new URL(`${url.origin}/${segments.map((segment) => `${segment}/`).join('')}`)
  return { base, isVirtual: style === 'virtual', region, accessKey, secretKey }
}

function decode(text: string, what: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new Error(`has a "%" in the ${what} that begins no escape. Write % as %25`)
  }
}

function readParameters(parameters: URLSearchParams): { region: string; style: string } {
  const unknown = [...parameters.keys()].find((name) => name !== 'region' && name !== 'style')
  if (unknown !== undefined)
    throw new Error(`has the parameter "${unknown}". Only region and style are known`)
  const region = parameters.get('region') ?? 'us-east-1'
  if (!regionPattern.test(region)) throw new Error(`has the region "${region}", which is no name of a region`)
  const style = parameters.get('style') ?? 'path'
  if (style !== 'path' && style !== 'virtual') {
    throw new Error(`has style=${style}. It is "path" (bucket in the path) or "virtual" (bucket in the host)`)
  }
  return { region, style }
}
