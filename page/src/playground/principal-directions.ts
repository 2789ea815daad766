/** The two directions in which vectors differ most from zero, without the mean of a usual principal component analysis. */

const iterations = 300

interface PrincipalDirections {
  /** Of length 1 and orthogonal; zero where the vectors span no direction. */
  directions: [Float64Array, Float64Array]
  /** Their share of the sum of squares. */
  explained: number
}

/** By power iteration on the products of all pairs of vectors, which are fewer than the dimensions. */
export function principalDirections(vectors: readonly Float64Array[]): PrincipalDirections {
  const products = vectors.map((one) => vectors.map((other) => dot(one, other)))
  const total = products.reduce((sum, row, index) => sum + (row[index] ?? 0), 0)
  const first = dominant(products)
  const rest = products.map((row, i) =>
    row.map((value, j) => value - first.value * (first.vector[i] ?? 0) * (first.vector[j] ?? 0)),
  )
  const second = dominant(rest)
  const directions = [first, second].map(({ vector }) => combine(vectors, vector)) as [
    Float64Array,
    Float64Array,
  ]
  return { directions, explained: total === 0 ? 0 : (first.value + second.value) / total }
}

/** The largest eigenvalue of a symmetric matrix without negative ones, and its vector. */
function dominant(matrix: readonly (readonly number[])[]): { value: number; vector: number[] } {
  // The row with the largest diagonal is not orthogonal to the vector.
  const diagonal = matrix.map((row, index) => row[index] ?? 0)
  let vector = [...(matrix[diagonal.indexOf(Math.max(...diagonal))] ?? [])]
  let value = 0
  for (let iteration = 0; iteration < iterations; iteration++) {
    const length = Math.sqrt(dot(vector, vector))
    if (length === 0) return { value: 0, vector }
    const unit = vector.map((each) => each / length)
    vector = matrix.map((row) => dot(row, unit))
    value = dot(unit, vector)
  }
  const length = Math.sqrt(dot(vector, vector)) || 1
  return { value, vector: vector.map((each) => each / length) }
}

/** The sum of the vectors with these coefficients, of length 1. */
function combine(vectors: readonly Float64Array[], coefficients: readonly number[]): Float64Array {
  const sum = new Float64Array(vectors[0]?.length ?? 0)
  vectors.forEach((vector, index) => {
    for (let at = 0; at < sum.length; at++)
      sum[at] = (sum[at] ?? 0) + (coefficients[index] ?? 0) * (vector[at] ?? 0)
  })
  const length = Math.sqrt(dot(sum, sum)) || 1
  return sum.map((each) => each / length)
}

export function dot(one: ArrayLike<number>, other: ArrayLike<number>): number {
  let sum = 0
  for (let index = 0; index < one.length; index++) sum += (one[index] ?? 0) * (other[index] ?? 0)
  return sum
}
