/** Writes values as C99 literals. */

/** The shortest decimal that is read as the same float32. */
export function floatLiteral(value: number): string {
  if (Number.isNaN(value)) return 'NAN'
  if (!Number.isFinite(value)) return value < 0 ? '-INFINITY' : 'INFINITY'
  for (let digits = 1; digits < 9; digits++) {
    const text = String(Number(value.toPrecision(digits)))
    if (Math.fround(Number(text)) === value) return `${withPoint(text)}f`
  }
  return `${withPoint(String(Number(value.toPrecision(9))))}f`
}

export function doubleLiteral(value: number | undefined): string {
  return value === undefined || Number.isNaN(value) ? 'NAN' : withPoint(String(value))
}

/** Without a point or an exponent it would be an integer. */
const withPoint = (text: string) => (/[.e]/.test(text) ? text : `${text}.0`)

const printable = /^[A-Za-z0-9 _.,:;+*/<>=()[\]{}|&^~!@#$%'-]$/

/**
 * UTF-8. Other than plain characters are octal, which also prevents trigraphs; octal escapes end after three digits.
 */
export function stringLiteral(text: string): string {
  const bytes = Buffer.from(text)
  const characters = Array.from(bytes, (byte) => {
    const character = String.fromCharCode(byte)
    return printable.test(character) ? character : `\\${byte.toString(8).padStart(3, '0')}`
  })
  return `"${characters.join('')}"`
}

/** A lower-case identifier, or the replacement when no letter or digit is left. */
export function identifier(text: string, replacement: string): string {
  const plain = text
    .normalize('NFKD')
    .replaceAll(/[^A-Za-z0-9]+/g, '_')
    .replaceAll(/^_+|_+$/g, '')
    .toLowerCase()
    .slice(0, longestIdentifier)
  if (plain === '') return replacement
  return /^\d/.test(plain) ? `${replacement}_${plain}` : plain
}

/** C99 distinguishes external names by their first 31 characters, of which suffixes need some. */
const longestIdentifier = 20

/** Makes names unique by numbers. Reserved words get a suffix. */
export function uniqueIdentifiers(texts: readonly string[], replacement: string): string[] {
  const used = new Set<string>()
  return texts.map((text, index) => {
    const plain = identifier(text, `${replacement}${index + 1}`)
    let name = reserved.has(plain) ? `${plain}_` : plain
    for (let number = 2; used.has(name); number++) name = `${plain}_${number}`
    used.add(name)
    return name
  })
}

/** Of C and C++, in which Arduino sketches are written; and macros of math.h. */
const reserved: ReadonlySet<string> = new Set(
  (
    'alignas alignof and and_eq asm auto bitand bitor bool break case catch char class compl const constexpr ' +
    'const_cast continue decltype default delete do double dynamic_cast else enum explicit export extern false float ' +
    'for friend goto if inline int isfinite isnan long mutable namespace new noexcept not not_eq nullptr operator or ' +
    'or_eq private protected public register reinterpret_cast restrict return short signed sizeof static ' +
    'static_assert static_cast struct switch template this thread_local throw true try typedef typeid typename union ' +
    'unix linux unsigned using virtual void volatile wchar_t while xor xor_eq'
  ).split(' '),
)

/** Comments must not end early by a name. */
export const commentText = (text: string) =>
  stringLiteral(text).replaceAll('*/', '* /').replaceAll('/*', '/ *')
